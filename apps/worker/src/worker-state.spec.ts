import { WorkerState } from './worker-state.js';

it('a worker is busy while jobs run, and says when that changes', () => {
  const state = new WorkerState();
  const seen: string[] = [];
  state.onStatusChange(() => seen.push(state.status));
  state.begin('a', 't');
  state.begin('b', 't');
  state.end('a');
  expect(state.running).toEqual(['b']);
  state.end('b');
  expect(seen).toEqual(['busy', 'idle']);
});

it('a job that still runs here is not begun a second time', () => {
  const state = new WorkerState();
  expect(state.begin('a', 't')).toBe(true);
  expect(state.begin('a', 't')).toBe(false);
  expect(state.runningCount).toBe(1);
});

it('a stopping worker stays so whatever its jobs do', () => {
  const state = new WorkerState();
  state.begin('a', 't');
  state.stop();
  state.end('a');
  expect(state.status).toBe('stopping');
});

it('running jobs are counted by type, as long as they run', () => {
  const state = new WorkerState();
  state.begin('a', 't');
  state.begin('b', 't');
  state.begin('c', 'u');
  expect(state.runningByType).toEqual({ t: 2, u: 1 });
  state.end('a');
  state.end('c');
  expect(state.runningByType).toEqual({ t: 1 });
});
