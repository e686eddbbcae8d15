import { runHandler } from '#libs/jobs/testing';
import { EchoHandler } from './echo.handler.js';
import { FailHandler } from './fail.handler.js';
import { SleepHandler } from './sleep.handler.js';

it('example.echo returns its payload', async () => {
  expect((await runHandler(EchoHandler, { payload: { a: [1] } })).result).toEqual({ a: [1] });
});

describe('example.sleep', () => {
  it('sleeps in steps, from progress 0 to 100, with a log line after each', async () => {
    const run = await runHandler(SleepHandler, { payload: { ms: 4, steps: 4 } });
    expect(run.result).toEqual({ sleptMs: 4, steps: 4 });
    expect(run.progress).toEqual([0, 25, 50, 75, 100]);
    expect(run.logs).toHaveLength(4);
  });

  it('goes on after the steps that an earlier run has done', async () => {
    const run = await runHandler(SleepHandler, { payload: { ms: 4, steps: 4 }, state: { steps: 3 } });
    expect(run.logs).toEqual(['goes on after step 3', 'step 4 of 4 done']);
    expect(run.checkpoints).toEqual([{ steps: 4 }]);
  });

  it('stops at once when its time is over', async () => {
    const run = await runHandler(SleepHandler, { payload: { ms: 3_600_000, steps: 1 }, timeoutMs: 5 });
    expect(run.error).toMatchObject({ code: 'JOB_TIMEOUT' });
    expect(run.warnings).toEqual([]);
  });
});

describe('example.fail', () => {
  const message = 'as told';

  it('always throws its message', async () => {
    const run = await runHandler(FailHandler, { payload: { message }, job: { attempt: 99 } });
    expect(run.outcome).toEqual({ kind: 'failed', error: new Error(message), retry: true });
  });

  it('fails as many attempts as it is told, then succeeds', async () => {
    const payload = { message, times: 2 };
    expect((await runHandler(FailHandler, { payload, job: { attempt: 2 } })).error?.message).toBe(message);
    expect((await runHandler(FailHandler, { payload, job: { attempt: 3 } })).result).toEqual({ attempt: 3 });
  });
});
