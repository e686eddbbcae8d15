import { waitFor } from '../../../../../tests/support/wait.js';
import { STOP_REASONS } from './abort-scope.js';
import type { JobContext } from '../handler/context.js';
import { JobCancelledError, JobTimeoutError, WorkerStoppingError } from '../errors.js';
import { setUp, stubborn, until } from './runner.testkit.js';

describe('a timeout', () => {
  it("aborts the handler's signal with a timeout error and fails the job", async () => {
    let reason: unknown;
    const { start } = setUp((_, { signal }) => until(signal).catch((error) => (reason = error)));
    const outcome = await start({ timeoutMs: 10 });
    expect(reason).toEqual(new JobTimeoutError(10));
    expect(outcome).toEqual({ kind: 'failed', error: reason, retry: true });
  });

  it('fails the job after the grace when the handler has not returned, and drops its late result', async () => {
    const { run, release } = stubborn();
    const { start, warnings } = setUp(run, { graceMs: 5 });
    expect(await start({ timeoutMs: 5 })).toMatchObject({ kind: 'failed', error: { code: 'JOB_TIMEOUT' } });
    expect(warnings).toEqual([
      expect.stringMatching(/job 7 \(test\) ignores its signal after the timeout of 5 ms/),
    ]);
    release('late');
    await waitFor(() => warnings.includes('late end of job 7 dropped'));
  });

  it.each([
    ["the job's own", { job: 11, type: 22, fallback: 33 }, 11],
    ["the type's when the job has none", { job: undefined, type: 22, fallback: 33 }, 22],
    ["the worker's when neither has one", { job: undefined, type: undefined, fallback: 33 }, 33],
    ["the type's when the job's is nonsense", { job: -1, type: 22, fallback: 33 }, 22],
  ])('is %s', async (_, { job, type, fallback }, expected) => {
    const { start } = setUp((_payload, { signal }) => until(signal), {
      defaultTimeoutMs: fallback,
      handler: type ? { timeout: type } : {},
    });
    expect(await start({ timeoutMs: job })).toMatchObject({ error: { timeoutMs: expected } });
  });

  it('may be longer than a Node timer can be', async () => {
    const { start } = setUp(() => 'done');
    expect(await start({ timeoutMs: 2 ** 40 })).toEqual({ kind: 'completed', result: 'done' });
  });
});

describe('a cancel', () => {
  it('reaches the handler through its signal and leaves nothing to report', async () => {
    let reason: unknown;
    const { start, begun, outer } = setUp((_, { signal }) =>
      until(signal).catch((error) => (reason = error)),
    );
    const running = start();
    await begun;
    outer.abort(STOP_REASONS.cancelled);
    expect(await running).toEqual({ kind: 'cancelled' });
    expect(reason).toBeInstanceOf(JobCancelledError);
  });

  it('keeps the handler from starting when it came before', async () => {
    const run = jest.fn();
    const { start, outer } = setUp(run);
    outer.abort(STOP_REASONS.cancelled);
    expect(await start()).toEqual({ kind: 'cancelled' });
    expect(run).not.toHaveBeenCalled();
  });

  it('of a handler that ignores its signal waits for it, says so, and drops its result', async () => {
    const { run, release } = stubborn();
    const { start, begun, outer, warnings } = setUp(run, { graceMs: 5 });
    const running = start();
    await begun;
    outer.abort(STOP_REASONS.cancelled);
    await waitFor(() => warnings.length > 0);
    expect(warnings[0]).toMatch(/ignores its signal after a cancel: it keeps its slot until it returns/);
    release('late');
    expect(await running).toEqual({ kind: 'cancelled' });
  });

  it('of a handler that never returns frees the slot when the timeout is over too', async () => {
    const { start, begun, outer } = setUp(stubborn().run, { graceMs: 5 });
    const running = start({ timeoutMs: 30 });
    await begun;
    outer.abort(STOP_REASONS.lost);
    expect(await running).toEqual({ kind: 'cancelled' });
  });

  it('outranks a timeout that came before it', async () => {
    const { start, outer } = setUp(
      (_, { signal }) => until(signal).finally(() => outer.abort(STOP_REASONS.cancelled)),
      { graceMs: 1000 },
    );
    expect(await start({ timeoutMs: 5 })).toEqual({ kind: 'cancelled' });
  });

  it('stops reports, so that they cannot reach a later run of the job', async () => {
    let context: JobContext | undefined;
    const { start, begun, outer, kept } = setUp((_, given) => until((context = given).signal));
    const running = start();
    await begun;
    outer.abort(STOP_REASONS.cancelled);
    await running;
    await context?.log('too late');
    expect(kept.logs).toEqual([]);
  });
});

describe('a worker that stops', () => {
  it('hands the job back to the front of the queue', async () => {
    let reason: unknown;
    const { start, begun, outer } = setUp((_, { signal }) =>
      until(signal).catch((error) => Promise.reject((reason = error))),
    );
    const running = start();
    await begun;
    outer.abort(STOP_REASONS.stopping);
    expect(await running).toEqual({ kind: 'released', delayMs: 0 });
    expect(reason).toBeInstanceOf(WorkerStoppingError);
  });

  it('hands it back also when the handler ignores its signal', async () => {
    const { start, begun, outer } = setUp(stubborn().run, { stopGraceMs: 5 });
    const running = start();
    await begun;
    outer.abort(STOP_REASONS.stopping);
    expect(await running).toEqual({ kind: 'released', delayMs: 0 });
  });

  it('keeps the result of a handler that finishes within the grace', async () => {
    const { run, release } = stubborn();
    const { start, begun, outer } = setUp(run, { stopGraceMs: 10_000 });
    const running = start();
    await begun;
    outer.abort(STOP_REASONS.stopping);
    release('just in time');
    expect(await running).toEqual({ kind: 'completed', result: 'just in time' });
  });
});
