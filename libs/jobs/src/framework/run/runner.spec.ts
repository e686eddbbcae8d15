import { z } from 'zod';
import { NoHandlerError, PermanentJobError } from '../errors.js';
import { info, setUp } from './runner.testkit.js';

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

describe('a payload that only another version of the type takes', () => {
  const payload = { url: 3 };
  const set = () => setUp(() => 1, { handler: { payload: z.object({ url: z.string() }) } });

  it('is handed back for it, after a delay that doubles', async () => {
    const { start, ports } = set();
    ports.takenElsewhere.add(payload);
    expect(await start({ payload })).toEqual({ kind: 'released', delayMs: 1_000, othersMs: 60_000 });
    ports.misfitsSince.set('7', Date.now() - 600_000);
    expect(await start({ payload })).toEqual({ kind: 'released', delayMs: 5_000, othersMs: 60_000 });
  });

  it('fails the job for good when that has gone on for too long', async () => {
    const { start, ports } = set();
    ports.takenElsewhere.add(payload);
    ports.misfitsSince.set('7', Date.now() - 3_600_000);
    expect(await start({ payload })).toMatchObject({
      kind: 'failed',
      retry: false,
      error: { code: 'PAYLOAD_MISMATCH' },
    });
    expect(ports.misfitsSince.size).toBe(0);
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
      'no handler for job type "test" in 3600 s; types there are: none',
    );
  });

  it('is handed back while a live worker had the type less than an hour ago, however long the job goes round', async () => {
    const { start, seen, ports } = setUp();
    seen.set('7', Date.now() - 100 * 3_600_000);
    ports.lastHad.set('test', Date.now() - 3_500_000);
    expect(await start()).toEqual({ kind: 'released', delayMs: 60_000 });
    ports.lastHad.set('test', Date.now() - 3_600_000);
    expect(await start()).toMatchObject({ kind: 'failed', error: { code: 'NO_HANDLER' } });
  });

  it('is handed back while it cannot be told when a worker last had the type', async () => {
    const { start, seen, ports, warnings } = setUp();
    seen.set('7', Date.now() - 3_600_000);
    ports.live.lastSeen = () => Promise.reject(new Error('away'));
    expect(await start()).toEqual({ kind: 'released', delayMs: 60_000 });
    expect(warnings).toEqual([expect.stringContaining('away')]);
  });

  it('is left to others for a minute while a live worker has the type', async () => {
    const { start, seen } = setUp(undefined, { live: ['test'] });
    expect(await start()).toEqual({ kind: 'released', delayMs: 1_000, othersMs: 60_000 });
    seen.set('7', Date.now() - 600_000);
    expect(await start()).toEqual({ kind: 'released', delayMs: 5_000, othersMs: 60_000 });
  });

  it('waits another hour when it is retried after that', async () => {
    const { start, seen } = setUp();
    seen.set('7', Date.now() - 3_600_000);
    await start();
    expect(await start()).toEqual({ kind: 'released', delayMs: 1_000 });
  });
});
