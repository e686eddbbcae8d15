import type { JobContext, Progress } from '../handler/context.js';
import { setUp } from './runner.testkit.js';

describe('a log line', () => {
  it('carries its level, and is cut at 8192 characters', async () => {
    const { start, kept } = setUp(async (_, { log }) => {
      await log('plain');
      await log.warn('careful');
      await log.error('x'.repeat(10_000));
    });
    await start();
    expect(kept.logs.slice(0, 2)).toEqual(['plain', 'WARN careful']);
    expect(kept.logs[2]).toHaveLength(8192);
  });
});

it('tells the attempt', async () => {
  const { start } = setUp((_, { attempt, job }) => [attempt, job.attempt]);
  expect(await start()).toMatchObject({ kind: 'completed', result: [1, 1] });
});

describe('progress', () => {
  it('of a total is kept with the percentage it comes to', async () => {
    const { start, kept } = setUp((_, { progress }) => progress({ current: 1, total: 3, message: 'pages' }));
    await start();
    expect(kept.progress).toEqual([{ current: 1, total: 3, message: 'pages', percent: 33.3 }]);
  });

  it.each([
    { current: 1, total: 0 },
    NaN,
    { current: Infinity, total: 3 },
    null,
    'x',
    true,
    undefined,
    () => 1,
  ])('of %p is refused', async (value) => {
    const { start } = setUp((_, { progress }) => progress(value as Progress));
    expect(await start()).toMatchObject({ kind: 'failed', error: { code: 'INVALID_PROGRESS' } });
  });
});

describe('a checkpoint', () => {
  it('is what the next run starts from', async () => {
    const first = setUp((_, { state, checkpoint }) => checkpoint({ after: state ?? 'nothing' }));
    await first.start();
    expect(first.services.checkpoints).toEqual([{ after: 'nothing' }]);
    const second = setUp((_, { state }) => state, { state: { after: 'nothing' } });
    expect(await second.start()).toMatchObject({ result: { after: 'nothing' } });
  });

  it.each([() => 1, Symbol('one'), 1n])(
    'of %p, which is no JSON, fails the run with a clear error',
    async (state) => {
      const { start, services } = setUp((_, { checkpoint }) => checkpoint(state));
      expect(await start()).toMatchObject({ kind: 'failed', error: { code: 'CHECKPOINT_NOT_JSON' } });
      expect(services.checkpoints).toEqual([]);
    },
  );

  it('that is too large fails the run with a clear error', async () => {
    const { start } = setUp((_, { checkpoint }) => checkpoint('x'.repeat(300_000)));
    expect(await start()).toMatchObject({ kind: 'failed', error: { code: 'CHECKPOINT_TOO_LARGE' } });
  });
});

describe('children', () => {
  it('are named by their keys or places, so that a second run adds none twice', async () => {
    const run = async (_: unknown, { enqueue }: JobContext) => {
      await enqueue('mail', { to: 'a' }, { key: 'first' });
      await enqueue('mail', { to: 'b' }, { priority: 'high' });
    };
    const { start, services } = setUp(run);
    await start();
    await start();
    expect(services.enqueued.map(({ key }) => key)).toEqual(['first', '1', 'first', '1']);
    expect(services.enqueued[1]).toEqual({ key: '1', type: 'mail', payload: { to: 'b' }, priority: 'high' });
  });

  it('with a key that is taken in this run are refused, not dropped', async () => {
    const { start, services } = setUp(async (_, { enqueue }) => {
      await enqueue('mail', {}, { key: '1' });
      await enqueue('mail', { other: true });
    });
    expect(await start()).toMatchObject({ kind: 'failed', error: { code: 'CHILD_KEY_REPEATED' } });
    expect(services.enqueued).toHaveLength(1);
  });

  it('of a flow end the run until they have ended', async () => {
    const { start, services } = setUp((_, { flow }) =>
      flow([{ type: 'count' }, { type: 'count', key: 'b' }]),
    );
    expect(await start()).toEqual({ kind: 'waiting' });
    expect(services.children.map(({ key }) => key)).toEqual(['0', 'b']);
  });

  it('of a flow end the run also when the handler catches what flow throws', async () => {
    const { start } = setUp((_, { flow }) => flow([{ type: 'count' }]).catch(() => 'caught'));
    expect(await start()).toEqual({ kind: 'waiting' });
  });

  it('of a second flow in one run are refused', async () => {
    const { start, services } = setUp(async (_, { flow }) => {
      await flow([]);
      await flow([{ type: 'count' }]);
    });
    expect(await start()).toMatchObject({ kind: 'failed', error: { code: 'FLOW_REPEATED' } });
    expect(services.children).toEqual([]);
  });
});

it('a run that has ended can add, keep and write nothing more', async () => {
  let kept!: JobContext;
  const { start, services } = setUp((_, context) => {
    kept = context;
  });
  await start();
  await kept.log('late');
  await expect(kept.checkpoint(1)).rejects.toMatchObject({ code: 'RUN_ENDED' });
  await expect(kept.enqueue('mail')).rejects.toMatchObject({ code: 'RUN_ENDED' });
  await expect(kept.flow([{ type: 'mail' }])).rejects.toMatchObject({ code: 'RUN_ENDED' });
  await expect(Promise.resolve().then(() => kept.artifacts.put('a.txt', 'x'))).rejects.toMatchObject({
    code: 'RUN_ENDED',
  });
  expect(services).toMatchObject({ logs: [], checkpoints: [], enqueued: [], children: [] });
});
