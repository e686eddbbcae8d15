import { FakeServices, fakePorts } from '../../testing/fakes.js';
import { HandlerRegistry } from '../discovery/registry.js';
import { eachItem, type BatchItem, type BatchResults } from '../handler/batch.js';
import type { JobHandlerOptions } from '../handler/job-options.js';
import { STOP_REASONS } from './abort-scope.js';
import { JobRunner } from './runner.js';
import { info } from './runner.testkit.js';

const HOUR = 3_600_000;

type RunBatch = (items: readonly BatchItem<number>[]) => BatchResults | Promise<BatchResults>;

function setUp(
  runBatch: RunBatch,
  batch: { size: number; maxWait?: number },
  options: Partial<JobHandlerOptions> = {},
) {
  const registry = new HandlerRegistry();
  const batches: number[][] = [];
  registry.register(
    { type: 'test', batch, timeout: 2 * HOUR, ...options },
    {
      runBatch: (items: readonly BatchItem[]) => {
        batches.push(items.map(({ payload }) => payload as number));
        return runBatch(items as readonly BatchItem<number>[]);
      },
    },
  );
  const runner = new JobRunner(registry, fakePorts(), () => [], { warn: () => undefined }, { graceMs: 20 });
  const start = (payload: number, signal = new AbortController().signal) =>
    runner.run({ info: { ...info, id: String(payload) }, payload, services: new FakeServices() }, signal);
  return { start, batches };
}

const doubled: RunBatch = (items) => items.map(({ payload }) => ({ result: payload * 2 }));

it('jobs are put together until the batch is full, and each gets its own result', async () => {
  const { start, batches } = setUp(doubled, { size: 3, maxWait: HOUR });
  expect(await Promise.all([1, 2, 3].map((n) => start(n)))).toEqual(
    [2, 4, 6].map((result) => ({ kind: 'completed', result })),
  );
  expect(batches).toEqual([[1, 2, 3]]);
});

it('a batch that does not fill runs when its first job has waited long enough', async () => {
  const { start, batches } = setUp(doubled, { size: 100, maxWait: 5 });
  expect(await Promise.all([start(1), start(2)])).toHaveLength(2);
  expect(batches).toEqual([[1, 2]]);
});

it('each job of a batch succeeds or fails on its own', async () => {
  const { start } = setUp(
    (items) =>
      items.map(({ payload }) => (payload === 2 ? { error: new Error('two') } : { result: payload })),
    { size: 2, maxWait: HOUR },
  );
  expect(await Promise.all([start(1), start(2)])).toEqual([
    { kind: 'completed', result: 1 },
    { kind: 'failed', error: new Error('two'), retry: true },
  ]);
});

it('a throw fails all jobs of the batch, which may be tried again', async () => {
  const { start } = setUp(() => Promise.reject(new Error('down')), { size: 2, maxWait: HOUR });
  for (const outcome of await Promise.all([start(1), start(2)])) {
    expect(outcome).toMatchObject({ kind: 'failed', retry: true, error: { message: 'down' } });
  }
});

describe('a job of a batch that waits for children', () => {
  const flowing: RunBatch = async (items) => {
    const results = [];
    for (const { payload, context } of items) {
      if (payload === 2) await context.flow([{ type: 'other' }]);
      results.push({ result: payload });
    }
    return results;
  };

  it('leaves the others their results, when each has a try of its own', async () => {
    const { start } = setUp((items) => eachItem(items, async (item) => (await flowing([item]))[0]), {
      size: 3,
      maxWait: HOUR,
    });
    expect(await Promise.all([start(1), start(2), start(3)])).toMatchObject([
      { kind: 'completed' },
      { kind: 'waiting' },
      { kind: 'completed' },
    ]);
  });

  it('has the others run again without it, and no attempt is used, when it ends the call', async () => {
    const { start } = setUp(flowing, { size: 3, maxWait: HOUR });
    expect(await Promise.all([start(1), start(2), start(3)])).toEqual([
      { kind: 'released', delayMs: 0 },
      { kind: 'waiting' },
      { kind: 'released', delayMs: 0 },
    ]);
  });

  it('costs the others an attempt when it ends the call of a type that must not be run twice', async () => {
    const { start } = setUp(flowing, { size: 2, maxWait: HOUR }, { idempotent: false });
    expect(await Promise.all([start(1), start(2)])).toMatchObject([
      { kind: 'failed', retry: true, error: { code: 'BATCH_BROKEN_OFF' } },
      { kind: 'waiting' },
    ]);
  });
});

it.each([
  ['too few results', () => [{ result: 1 }]],
  ['what is no result', () => [{ result: 1 }, {} as never]],
])('%s fail the jobs they are missing for, for good', async (_, runBatch) => {
  const { start } = setUp(runBatch, { size: 2, maxWait: HOUR });
  const [, second] = await Promise.all([start(1), start(2)]);
  expect(second).toMatchObject({ kind: 'failed', retry: false, error: { code: 'BATCH_RESULT' } });
});

it('a job that is to stop before its batch began leaves it', async () => {
  const { start, batches } = setUp(doubled, { size: 2, maxWait: HOUR });
  const stopping = new AbortController();
  const stopped = start(1, stopping.signal);
  await new Promise(setImmediate);
  stopping.abort(STOP_REASONS.stopping);
  expect(await stopped).toEqual({ kind: 'released', delayMs: 0 });
  await Promise.all([start(2), start(3)]);
  expect(batches).toEqual([[2, 3]]);
});
