import { estimateAll, estimateRunning, estimateWaiting, type Pace } from '../src/service/batch-estimate.js';

const pace = (given: Partial<Pace> = {}): Pace => ({
  now: 10_000,
  duration: 1000,
  limit: 2,
  startedOn: [9_400, 9_800],
  runningInQueue: 2,
  ...given,
});

it('a job starts when the one so many places before it has ended', () => {
  const starts = [0, 1, 2, 3, 4].map((ahead) => estimateWaiting(pace(), ahead, ahead).startAt);
  expect(starts).toEqual([10_400, 10_800, 11_400, 11_800, 12_400]);
});

it('before any runs, as many are taken to start as may', () => {
  const idle = pace({ startedOn: [], limit: 3, runningInQueue: 0 });
  expect([0, 2, 3].map((ahead) => estimateWaiting(idle, ahead, ahead).startAt)).toEqual([
    10_000, 10_000, 11_000,
  ]);
});

it('jobs of others that stand before it are done first', () => {
  expect(estimateWaiting(pace(), 0, 10).startAt).toBe(15_000);
});

it('what runs longer than expected is expected to end now', () => {
  expect(estimateRunning(pace(), 5_000)).toEqual({ startAt: 5_000, finishAt: 10_000 });
});

it('the batch ends with its last job', () => {
  expect(estimateAll(pace(), 3)).toBe(12_400);
  expect(estimateAll(pace(), 0)).toBe(10_800);
});
