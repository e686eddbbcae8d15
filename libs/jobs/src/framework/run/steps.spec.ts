import { z } from 'zod';
import { PermanentJobError, RetryLaterError } from '../errors.js';
import type { JobContext } from '../handler/context.js';
import type { Outcome } from './outcome.js';
import { setUp } from './runner.testkit.js';

describe('before a handler runs', () => {
  it('a job of a type that is switched off is handed back', async () => {
    const run = jest.fn();
    const { start } = setUp(run, { handler: { enabled: false } });
    expect(await start()).toMatchObject({ kind: 'released' });
    expect(run).not.toHaveBeenCalled();
  });

  it('a job whose run was interrupted is repeated, unless its type must not be run twice', async () => {
    expect(await setUp(() => 'again').start({ interrupted: true })).toMatchObject({ kind: 'completed' });
    const { start } = setUp(() => 'again', { handler: { idempotent: false } });
    expect(await start({ interrupted: true })).toMatchObject({
      kind: 'failed',
      retry: false,
      error: { code: 'INTERRUPTED_RUN' },
    });
  });

  it('a job waits while a required service is not ready, and while that cannot be told', async () => {
    let answer: boolean | Error = false;
    const ready = () => {
      if (answer instanceof Error) throw answer;
      return answer;
    };
    const { start, warnings } = setUp(() => 'ran', { ready });
    expect(await start()).toMatchObject({ kind: 'released' });
    answer = new Error('unwell');
    expect(await start()).toMatchObject({ kind: 'released' });
    expect(warnings).toEqual(['requirements of job 7 (test) cannot be checked: unwell']);
    answer = true;
    expect(await start()).toMatchObject({ kind: 'completed' });
  });

  it('a job waits until some worker runs the types it depends on', async () => {
    const handler = { dependsOn: ['other'] };
    expect(await setUp(() => 1, { handler }).start()).toMatchObject({ kind: 'released' });
    expect(await setUp(() => 1, { handler, live: ['other'] }).start()).toMatchObject({ kind: 'completed' });
  });

  it('its own validation may refuse a payload for good', async () => {
    const run = jest.fn();
    const { start } = setUp(run, {
      methods: { validate: () => Promise.reject(new Error('not on a Sunday')) },
    });
    expect(await start()).toMatchObject({
      kind: 'failed',
      retry: false,
      error: { message: 'not on a Sunday' },
    });
    expect(run).not.toHaveBeenCalled();
  });

  it('the time without a handler is forgotten when a job has one after all', async () => {
    const { start, seen } = setUp(() => 1);
    seen.set('7', Date.now() - 3_600_000);
    await start({ startedBefore: true });
    expect(seen.has('7')).toBe(false);
  });

  it('a type that nobody has here is not given up while another worker has it', async () => {
    const { start, seen } = setUp(undefined, { live: ['test'] });
    seen.set('7', Date.now() - 2 * 3_600_000);
    expect(await start()).toEqual({ kind: 'released', delayMs: 5_000, othersMs: 60_000 });
  });
});

describe('around a run', () => {
  it('prepare comes before and cleanUp after it, with the outcome', async () => {
    const calls: unknown[] = [];
    const { start } = setUp(() => calls.push('run') && 'done', {
      methods: {
        prepare: () => void calls.push('prepare'),
        cleanUp: (_payload, _context, outcome) => void calls.push(outcome),
      },
    });
    await start();
    expect(calls).toEqual(['prepare', 'run', { kind: 'completed', result: 'done' }]);
  });

  it('cleanUp comes also when prepare throws, and what it throws itself changes nothing', async () => {
    const { start, warnings } = setUp(() => 'never', {
      methods: {
        prepare: () => Promise.reject(new Error('no room')),
        cleanUp: () => Promise.reject(new Error('stuck')),
      },
    });
    expect(await start()).toMatchObject({ kind: 'failed', retry: true, error: { message: 'no room' } });
    expect(warnings).toEqual(['cleanUp() of job 7 (test) failed: stuck']);
  });

  it('cleanUp is not waited for longer than its grace', async () => {
    const { start, warnings } = setUp(() => 'done', {
      graceMs: 5,
      methods: { cleanUp: () => new Promise(() => undefined) },
    });
    expect(await start()).toMatchObject({ kind: 'completed' });
    expect(warnings).toEqual([expect.stringContaining('takes longer than its grace')]);
  });

  it.each([
    ['says no', () => false, false],
    ['says yes', () => true, true],
    ['throws', () => Promise.reject(new Error('unsure')), true],
  ])('an error is retried or not as isRetryable says: it %s', async (_, isRetryable, retry) => {
    const { start } = setUp(() => Promise.reject(new Error('x')), { methods: { isRetryable } });
    expect(await start()).toMatchObject({ kind: 'failed', retry });
  });

  it('isRetryable is not asked about a permanent error', async () => {
    const isRetryable = jest.fn(() => true);
    const { start } = setUp(() => Promise.reject(new PermanentJobError('no')), { methods: { isRetryable } });
    expect(await start()).toMatchObject({ kind: 'failed', retry: false });
    expect(isRetryable).not.toHaveBeenCalled();
  });
});

describe('a handler that says when to try again', () => {
  it('is not asked whether to', async () => {
    const isRetryable = jest.fn(() => false);
    const error = new RetryLaterError('busy', { after: '90s' });
    const { start } = setUp(() => Promise.reject(error), { methods: { isRetryable } });
    expect(await start()).toEqual({ kind: 'failed', error, retry: true, retryAfterMs: 90_000 });
    expect(isRetryable).not.toHaveBeenCalled();
  });

  it.each([-1, NaN, 'soon', undefined])('says it in time, not as %p', (after) => {
    expect(() => new RetryLaterError('busy', { after: after as never })).toThrow(
      /^after must be milliseconds/,
    );
  });
});

describe('a result', () => {
  it('that does not fit its schema fails the job for good', async () => {
    const { start } = setUp(() => ({ sum: 'three' }), { handler: { result: z.object({ sum: z.number() }) } });
    expect(await start()).toMatchObject({
      kind: 'failed',
      retry: false,
      error: { code: 'RESULT_MISMATCH', message: expect.stringMatching(/"test": sum: /) },
    });
  });

  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;

  it.each<[string, unknown]>([
    ['a cycle', cycle],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('one')],
  ])('that is no JSON, such as %s, fails the job for good', async (_, result) => {
    expect(await setUp(() => result).start()).toMatchObject({
      kind: 'failed',
      retry: false,
      error: { code: 'RESULT_NOT_JSON' },
    });
  });

  it('may be left out', async () => {
    expect(await setUp(() => undefined).start()).toMatchObject({ kind: 'completed' });
  });

  it('is given again to a job of the same payload while the cache holds it, and marked so', async () => {
    let runs = 0;
    const { start } = setUp(() => ({ runs: ++runs }), { handler: { cache: '1h' } });
    expect(await start({ payload: { a: 1, b: 2 } })).toEqual({ kind: 'completed', result: { runs: 1 } });
    expect(await start({ payload: { b: 2, a: 1 } })).toMatchObject({
      kind: 'completed',
      result: { runs: 1 },
      cached: { jobId: '7' },
    });
    expect(await start({ payload: { a: 1, b: 3 } })).toEqual({ kind: 'completed', result: { runs: 2 } });
  });

  it('is not given to a job that the handler refuses, though the cache holds it', async () => {
    const validate = jest.fn((_: unknown, { job }: JobContext) => {
      if (job.attempt > 1) throw new Error('not for you');
    });
    const { start } = setUp(() => 'secret', { handler: { cache: '1h' }, methods: { validate } });
    await start();
    expect(await start({ attempt: 2 })).toMatchObject({
      kind: 'failed',
      retry: false,
      error: { message: 'not for you' },
    });
  });

  it('of the cache comes without prepare and run, and with cleanUp', async () => {
    const calls: string[] = [];
    const methods = {
      prepare: () => void calls.push('prepare'),
      cleanUp: (_payload: unknown, _context: unknown, outcome: Outcome) =>
        void calls.push(
          outcome.kind === 'completed' && outcome.cached ? 'cleanUp of a cached one' : 'cleanUp',
        ),
    };
    const { start } = setUp(() => calls.push('run'), { handler: { cache: '1h' }, methods });
    await start();
    await start();
    expect(calls).toEqual(['prepare', 'run', 'cleanUp', 'cleanUp of a cached one']);
  });

  it('of another version of the handler is not given', async () => {
    const first = setUp(() => 'old', { handler: { cache: '1h', version: '1.0.0' } });
    await first.start();
    const { ports } = first;
    const second = setUp(() => 'new', { ports, handler: { cache: '1h', version: '1.0.1' } });
    expect(await second.start()).toEqual({ kind: 'completed', result: 'new' });
    expect(ports.cached.size).toBe(2);
  });

  it.each<[string, z.ZodType, unknown, unknown]>([
    ['sets', z.array(z.string()).transform((names) => new Set(names)), ['a'], ['b']],
    ['infinite numbers', z.string().transform(Number), '1e999', '-1e999'],
    ['big numbers', z.string().transform(BigInt), '1', '2'],
  ])('is of the same payload also where its schema makes %s of it', async (_, payload, one, other) => {
    let runs = 0;
    const { start } = setUp(() => ++runs, { handler: { cache: '1h', payload } });
    expect(await start({ payload: one })).toEqual({ kind: 'completed', result: 1 });
    expect(await start({ payload: other })).toEqual({ kind: 'completed', result: 2 });
    expect(await start({ payload: one })).toMatchObject({ result: 1, cached: { jobId: '7' } });
  });

  it('is worked for when the cache does not answer', async () => {
    const { start, ports, warnings } = setUp(() => 'worked', { handler: { cache: 1000 } });
    ports.cache.find = () => Promise.reject(new Error('away'));
    ports.cache.keep = () => Promise.reject(new Error('away'));
    expect(await start()).toEqual({ kind: 'completed', result: 'worked' });
    expect(warnings).toHaveLength(2);
  });

  it('of a job that failed is not kept', async () => {
    const { start, ports } = setUp(() => Promise.reject(new Error('x')), { handler: { cache: 1000 } });
    await start();
    expect(ports.cached.size).toBe(0);
  });
});
