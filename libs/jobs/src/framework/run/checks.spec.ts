import { z } from 'zod';
import { waitFor } from '../../../../../tests/support/wait.js';
import { STOP_REASONS } from './abort-scope.js';
import { never, setUp, type SetUpOptions } from './runner.testkit.js';

type Stand = ReturnType<typeof setUp>;

/** A check that asks somebody who never answers. */
interface Unanswered {
  readonly name: string;
  readonly options: SetUpOptions;
  /** What else makes the check ask. */
  readonly deafen?: (stand: Stand) => void;
  readonly job?: Parameters<Stand['start']>[0];
  /** What becomes of the job when the check has had its time. */
  readonly late: object;
}

const handedBack = { kind: 'released', delayMs: 5_000 };
const failed = { kind: 'failed', retry: true, error: { code: 'CHECK_TIMEOUT' } };
const UNANSWERED: readonly Unanswered[] = [
  { name: 'requirements', options: { ready: never }, late: handedBack },
  {
    name: 'requirements',
    options: { handler: { dependsOn: ['other'] } },
    deafen: ({ ports }) => (ports.live.isRun = never),
    late: handedBack,
  },
  {
    name: 'overlap',
    options: { handler: { schedule: { every: '1h' } } },
    deafen: ({ ports }) => (ports.scheduled.admit = never),
    job: { scheduleId: 'hourly' },
    late: handedBack,
  },
  {
    name: 'payload',
    options: { handler: { payload: z.unknown().refine(never<boolean>) } },
    late: failed,
  },
  {
    name: 'checkpoint',
    options: {},
    deafen: ({ services }) => (services.state = never),
    late: failed,
  },
];

function unanswered({ options, deafen }: Unanswered, checkMs: number) {
  const run = jest.fn();
  const stand = setUp(run, { checkMs, ...options });
  deafen?.(stand);
  return { ...stand, run };
}

describe.each(UNANSWERED)('a check of $name that is never answered', (check) => {
  const HOUR = 3_600_000;

  it('is given up when its time is over', async () => {
    const { start, run } = unanswered(check, 5);
    expect(await start(check.job)).toMatchObject(check.late);
    expect(run).not.toHaveBeenCalled();
  });

  it.each([
    [STOP_REASONS.cancelled, { kind: 'cancelled' }],
    [STOP_REASONS.lost, { kind: 'cancelled' }],
    [STOP_REASONS.stopping, { kind: 'released', delayMs: 0 }],
  ])('ends at once when the job is to stop: %s', async (reason, outcome) => {
    const { start, outer, run } = unanswered(check, HOUR);
    const running = start(check.job);
    await new Promise(setImmediate);
    outer.abort(reason);
    expect(await running).toEqual(outcome);
    expect(run).not.toHaveBeenCalled();
  });
});

it('a job without a handler goes back also when nobody can tell for how long it has been so', async () => {
  const { start, ports, warnings } = setUp(undefined, { checkMs: 5 });
  ports.unhandled.firstSeen = never;
  expect(await start()).toEqual(handedBack);
  expect(warnings).toEqual(['job 7 (test) is handed back: its check of handlers did not end within 5 ms']);
});

it('a check that answers too late is not followed by the next, which might change something', async () => {
  let answer!: (ready: boolean) => void;
  const { start, ports } = setUp(() => 1, {
    checkMs: 5,
    ready: () => new Promise((resolve) => (answer = resolve)),
    handler: { schedule: { every: '1h' } },
  });
  const admit = jest.fn(async () => undefined);
  ports.scheduled.admit = admit;
  expect(await start({ scheduleId: 'hourly' })).toEqual(handedBack);
  answer(true);
  await new Promise(setImmediate);
  expect(admit).not.toHaveBeenCalled();
});

it('a payload whose check cannot be made fails the attempt, not the job for good', async () => {
  const payload = z.unknown().refine(() => Promise.reject(new Error('directory away')));
  const { start } = setUp(() => 1, { handler: { payload } });
  expect(await start()).toMatchObject({ kind: 'failed', retry: true, error: { message: 'directory away' } });
});

it("the time of the checks does not count for the handler's timeout", async () => {
  const { start, warnings } = setUp(() => 'done', {
    ready: () => new Promise((resolve) => setTimeout(resolve, 30, true)),
  });
  expect(await start({ timeoutMs: 25 })).toEqual({ kind: 'completed', result: 'done' });
  expect(warnings).toEqual([]);
});

describe('a cache that is never answered', () => {
  it('is done without: the job runs, and ends with its result', async () => {
    const { start, ports, warnings } = setUp(() => 'worked', { checkMs: 5, handler: { cache: '1h' } });
    Object.assign(ports.cache, { find: never, keep: never });
    expect(await start()).toEqual({ kind: 'completed', result: 'worked' });
    expect(warnings).toEqual([
      'cached result of job 7 (test) was not looked for: no answer within 5 ms',
      'cached result of job 7 (test) was not kept: no answer within 5 ms',
    ]);
  });

  it('does not keep a job that is to stop, whose handler is not begun then', async () => {
    const run = jest.fn();
    const { start, ports, outer } = setUp(run, { handler: { cache: '1h' } });
    const asked = new Promise<void>((resolve) => {
      ports.cache.find = () => (resolve(), never());
    });
    const running = start();
    await asked;
    outer.abort(STOP_REASONS.cancelled);
    expect(await running).toEqual({ kind: 'cancelled' });
    expect(run).not.toHaveBeenCalled();
  });
});

describe('isRetryable() that never answers', () => {
  const fail = () => Promise.reject(new Error('no luck'));

  it('means that the job is retried', async () => {
    const { start, warnings } = setUp(fail, { graceMs: 5, methods: { isRetryable: never } });
    expect(await start()).toMatchObject({ kind: 'failed', retry: true, error: { message: 'no luck' } });
    expect(warnings).toEqual(['isRetryable() of test did not answer within 5 ms, job 7 is retried']);
  });

  it.each([
    [STOP_REASONS.cancelled, { kind: 'cancelled' }],
    [STOP_REASONS.stopping, { kind: 'failed', retry: true }],
  ])('does not keep a job that is to stop: %s', async (reason, outcome) => {
    const isRetryable = jest.fn(never<boolean>);
    const { start, outer } = setUp(fail, { graceMs: 3_600_000, methods: { isRetryable } });
    const running = start();
    await waitFor(() => isRetryable.mock.calls.length === 1);
    outer.abort(reason);
    expect(await running).toMatchObject(outcome);
  });
});

describe('a worker that stops', () => {
  it('does not wait for cleanUp() as long as otherwise', async () => {
    const cleanUp = jest.fn(never<void>);
    const { start, outer, warnings } = setUp(() => 'done', {
      graceMs: 3_600_000,
      stopGraceMs: 20,
      methods: { cleanUp },
    });
    const running = start();
    await waitFor(() => cleanUp.mock.calls.length === 1);
    outer.abort(STOP_REASONS.stopping);
    expect(await running).toEqual({ kind: 'completed', result: 'done' });
    expect(warnings).toEqual([expect.stringContaining('takes longer than its grace')]);
  });

  it('has less patience with a handler that ignores its timeout', async () => {
    let timedOut!: () => void;
    const timeout = new Promise<void>((resolve) => (timedOut = resolve));
    const { start, outer } = setUp((_, { signal }) => (signal.addEventListener('abort', timedOut), never()), {
      graceMs: 3_600_000,
      stopGraceMs: 5,
    });
    const running = start({ timeoutMs: 5 });
    await timeout;
    outer.abort(STOP_REASONS.stopping);
    expect(await running).toMatchObject({ kind: 'failed', error: { code: 'JOB_TIMEOUT' } });
  });

  it('hands a job back that must not be run twice, when its handler was only validating', async () => {
    const validate = jest.fn(never<void>);
    const { start, outer } = setUp(() => 1, {
      stopGraceMs: 5,
      handler: { idempotent: false },
      methods: { validate },
    });
    const running = start();
    await waitFor(() => validate.mock.calls.length === 1);
    outer.abort(STOP_REASONS.stopping);
    expect(await running).toEqual({ kind: 'released', delayMs: 0 });
  });
});

it('onDeadLetter() that never returns is not waited for longer than its grace', async () => {
  const { runner, warnings } = setUp(() => 1, { graceMs: 5, methods: { onDeadLetter: never } });
  const job = { id: '7', type: 'test', attempt: 1, maxAttempts: 1, createdAt: new Date(0), legacy: false };
  await runner.tellDeadLetter({ job, payload: {}, error: new Error('x') });
  expect(warnings).toEqual(['onDeadLetter() of job 7 (test) takes longer than its 5 ms: not waited for']);
});
