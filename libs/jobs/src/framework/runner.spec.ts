import { z } from 'zod';
import { waitFor } from '../../../../tests/support/wait.js';
import { STOP_REASONS } from './abort-scope.js';
import {
  JobCancelledError,
  JobTimeoutError,
  NoHandlerError,
  PermanentJobError,
  WorkerStoppingError,
} from './errors.js';
import type { JobContext, JobInfo, JobReports, Progress } from './context.js';
import type { JobHandler, JobHandlerOptions } from './job-handler.js';
import { HandlerRegistry } from './registry.js';
import { JobRunner, type JobRunnerOptions } from './runner.js';

type Run = (payload: unknown, context: JobContext) => unknown;

const info: JobInfo = {
  id: '7',
  type: 'test',
  attempt: 1,
  maxAttempts: 3,
  createdAt: new Date(0),
  legacy: false,
};

/** Resolves, or rejects with the signal's reason, when the signal fires. */
const until = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

/** A handler that returns only when told to, whatever its signal says. */
function stubborn() {
  let release!: (value: unknown) => void;
  const held = new Promise((resolve) => (release = resolve));
  return { run: () => held, release };
}

function setUp(run?: Run, options: JobRunnerOptions & { handler?: Partial<JobHandlerOptions> } = {}) {
  const registry = new HandlerRegistry();
  let begin!: () => void;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const handler: JobHandler = {
    run(payload, context) {
      begin();
      return run?.(payload, context);
    },
  };
  if (run) registry.register({ type: 'test', ...options.handler }, handler);
  const warnings: string[] = [];
  const seen = new Map<string, number>();
  const unhandled = {
    firstSeen: async (id: string) => seen.get(id) ?? Date.now(),
    forget: async (id: string) => void seen.delete(id),
  };
  const runner = new JobRunner(
    registry,
    unhandled,
    { warn: (text) => warnings.push(text) },
    { graceMs: 20, stopGraceMs: 20, ...options },
  );
  const kept: { logs: string[]; progress: Progress[] } = { logs: [], progress: [] };
  const reports: JobReports = {
    log: async (text: string) => void kept.logs.push(text),
    progress: async (value: Progress) => void kept.progress.push(value),
  };
  const outer = new AbortController();
  const start = (job: { payload?: unknown; timeoutMs?: unknown; reports?: JobReports } = {}) =>
    runner.run(
      { info, payload: job.payload, timeoutMs: job.timeoutMs, reports: job.reports ?? reports },
      outer.signal,
    );
  return { start, begun, outer, warnings, kept, seen };
}

describe('a job that runs', () => {
  it('is completed with what its handler returns', async () => {
    const { start } = setUp((payload) => ({ got: payload }));
    expect(await start({ payload: 5 })).toEqual({ kind: 'completed', result: { got: 5 } });
  });

  it('is given its facts, and ways to report that work when taken out of the context', async () => {
    const { start, kept } = setUp(async (_, { job, log, progress }) => {
      await log('hello');
      await progress(250);
      await progress({ pages: 3 });
      return job;
    });
    expect(await start()).toEqual({ kind: 'completed', result: info });
    expect(kept).toEqual({ logs: ['hello'], progress: [100, { pages: 3 }] });
  });

  it('does not end before the reports its handler did not wait for are kept', async () => {
    const kept: string[] = [];
    const slow = {
      log: async (text: string) => {
        await new Promise(setImmediate);
        kept.push(text);
      },
      progress: async () => {},
    };
    const { start } = setUp((_, { log }) => void log('not awaited'));
    await start({ reports: slow });
    expect(kept).toEqual(['not awaited']);
  });

  it('goes on when a report cannot be kept, and says so once per report', async () => {
    const { start, warnings } = setUp(async (_, { log }) => {
      await log('lost');
      return 'done';
    });
    const broken = { log: () => Promise.reject(new Error('gone')), progress: async () => {} };
    expect(await start({ reports: broken })).toEqual({ kind: 'completed', result: 'done' });
    expect(warnings).toEqual(['a report of job 7 was lost: gone']);
  });

  it('fails when its handler reports a progress that is no number', async () => {
    const { start } = setUp((_, { progress }) => progress(NaN));
    expect(await start()).toMatchObject({ kind: 'failed', error: { code: 'INVALID_PROGRESS' } });
  });
});

describe('a handler that throws', () => {
  it('fails the job, which may be tried again', async () => {
    const error = new Error('no luck');
    const { start } = setUp(() => Promise.reject(error));
    expect(await start()).toEqual({ kind: 'failed', error, retry: true });
  });

  it('fails the job for good with a permanent error', async () => {
    const error = new PermanentJobError('never');
    const { start } = setUp(() => Promise.reject(error));
    expect(await start()).toEqual({ kind: 'failed', error, retry: false });
  });

  it('fails the job also when what it throws is no error', async () => {
    const { start } = setUp(() => Promise.reject('just text'));
    expect(await start()).toMatchObject({ kind: 'failed', error: { message: 'handler threw just text' } });
  });
});

describe('a payload with a schema', () => {
  const schema = z.object({ url: z.string(), times: z.number().default(1) });

  it('reaches the handler with its defaults', async () => {
    const { start } = setUp((payload) => payload, { handler: { payload: schema } });
    expect(await start({ payload: { url: 'x' } })).toEqual({
      kind: 'completed',
      result: { url: 'x', times: 1 },
    });
  });

  it('fails the job for good when it does not fit, naming the field', async () => {
    const { start } = setUp(() => 1, { handler: { payload: schema } });
    const outcome = await start({ payload: { url: 3 } });
    expect(outcome).toMatchObject({ kind: 'failed', retry: false, error: { code: 'PAYLOAD_MISMATCH' } });
    expect((outcome as { error: Error }).error.message).toMatch(
      /^payload does not fit job type "test": url: /,
    );
  });
});

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

describe('a type without a handler here', () => {
  it.each([
    [0, 1_000],
    [1_000, 1_000],
    [8_000, 8_000],
    [600_000, 60_000],
  ])('is handed back: after %i ms without one, for about %i ms', async (waited, expected) => {
    const { start, seen } = setUp();
    seen.set('7', Date.now() - waited);
    const outcome = (await start()) as { kind: string; delayMs: number };
    expect(outcome.kind).toBe('released');
    expect(Math.abs(outcome.delayMs - expected)).toBeLessThan(500);
  });

  it('fails for good after an hour, naming the types there are', async () => {
    const { start, seen } = setUp();
    seen.set('7', Date.now() - 3_600_000);
    const outcome = await start();
    expect(outcome).toMatchObject({ kind: 'failed', retry: false });
    expect((outcome as { error: Error }).error).toEqual(new NoHandlerError('test', 3_600_000, []));
    expect((outcome as { error: Error }).error.message).toBe(
      'no handler for job type "test" in 3600 s; types known here: none',
    );
  });

  it('waits another hour when it is retried after that', async () => {
    const { start, seen } = setUp();
    seen.set('7', Date.now() - 3_600_000);
    await start();
    expect(await start()).toEqual({ kind: 'released', delayMs: 1_000 });
  });
});
