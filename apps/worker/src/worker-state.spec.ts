import { WorkerState } from './worker-state.js';

it('a worker is busy while jobs run, and says when that changes', () => {
  const state = new WorkerState();
  const seen: string[] = [];
  state.onStatusChange(() => seen.push(state.status));
  state.begin('a');
  state.begin('b');
  state.end('a');
  expect(state.running).toEqual(['b']);
  state.end('b');
  expect(seen).toEqual(['busy', 'idle']);
});

it('a job that still runs here is not begun a second time', () => {
  const state = new WorkerState();
  expect(state.begin('a')).toBe(true);
  expect(state.begin('a')).toBe(false);
  expect(state.runningCount).toBe(1);
});

it('a stopping worker stays so whatever its jobs do', () => {
  const state = new WorkerState();
  state.begin('a');
  state.stop();
  state.end('a');
  expect(state.status).toBe('stopping');
});
