import type { JobContext, Progress } from '../../framework/index.js';
import { EchoHandler } from './echo.handler.js';
import { FailHandler } from './fail.handler.js';
import { SleepHandler } from './sleep.handler.js';

function contextOf(attempt = 1) {
  const controller = new AbortController();
  const progress: Progress[] = [];
  const logs: string[] = [];
  const context: JobContext = {
    job: { id: '1', type: 'example', attempt, maxAttempts: 3, createdAt: new Date(), legacy: false },
    signal: controller.signal,
    log: async (text) => void logs.push(text),
    progress: async (value) => void progress.push(value),
  };
  return { context, controller, progress, logs };
}

it('example.echo returns its payload', () => {
  expect(new EchoHandler().run({ a: [1] })).toEqual({ a: [1] });
});

describe('example.sleep', () => {
  it('sleeps in steps, from progress 0 to 100, with a log line after each', async () => {
    const { context, progress, logs } = contextOf();
    expect(await new SleepHandler().run({ ms: 4, steps: 4 }, context)).toEqual({ sleptMs: 4, steps: 4 });
    expect(progress).toEqual([0, 25, 50, 75, 100]);
    expect(logs).toHaveLength(4);
  });

  it('stops at once when its signal fires', async () => {
    const { context, controller } = contextOf();
    const sleeping = new SleepHandler().run({ ms: 3_600_000, steps: 1 }, context);
    controller.abort(new Error('enough'));
    await expect(sleeping).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('example.fail', () => {
  const message = 'as told';

  it('always throws its message', () => {
    expect(() => new FailHandler().run({ message }, contextOf(99).context)).toThrow(message);
  });

  it('fails as many attempts as it is told, then succeeds', () => {
    expect(() => new FailHandler().run({ message, times: 2 }, contextOf(2).context)).toThrow(message);
    expect(new FailHandler().run({ message, times: 2 }, contextOf(3).context)).toEqual({ attempt: 3 });
  });
});
