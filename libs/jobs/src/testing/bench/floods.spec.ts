// A handler that reports without end, on a real queue: what it costs the worker and Redis, and what is left of it.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { testRedisUrl } from '../../../../../tests/support/redis.js';
import { JobHandler, type JobContext } from '../../framework/index.js';
import { startTestWorker, type TestWorker } from './test-worker.js';

const CALLS = 30_000;
/** What the lines have together, were they kept. */
const LINE = 'x'.repeat(1000);
const MIB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

@Injectable()
class Memory {
  grownBy = 0;
}

@JobHandler({ type: 'flood' })
class Flood {
  constructor(private readonly memory: Memory) {}

  async run({ awaited }: { awaited: boolean }, { log, progress }: JobContext) {
    const before = heapBytes();
    for (let call = 1; call <= CALLS; call++) {
      void log(`${call} ${LINE}`);
      const told = progress({ current: call, total: CALLS });
      if (awaited) await told;
    }
    this.memory.grownBy = heapBytes() - before;
  }
}

describe.each([false, true])('30,000 lines and values of progress (waited for: %s)', (awaited) => {
  const redisUrl = testRedisUrl();
  let worker: TestWorker;
  let redis: Redis;

  beforeAll(async () => {
    redis = new Redis(redisUrl);
    worker = await startTestWorker({ providers: [Memory, Flood], redisUrl });
  });
  afterAll(async () => {
    await worker.close();
    redis.disconnect();
  });

  it('stay bounded in memory and in Redis, and the last of them arrive', async () => {
    const id = await worker.add('flood', { awaited });
    const job = await worker.finished(id, 140_000);
    expect(job).toMatchObject({
      status: 'completed',
      progress: { current: CALLS, total: CALLS, percent: 100 },
    });
    expect(worker.get(Memory).grownBy).toBeLessThan(20 * MIB);
    const { count } = await worker.jobs.logs(id);
    expect(count).toBeLessThanOrEqual(1000);
    const { logs } = await worker.jobs.logs(id, -1, -1);
    expect(logs).toEqual([`${CALLS} ${LINE}`]);
    const key = (await redis.keys(`${worker.queue.opts.prefix}:*:events`))[0] as string;
    const events = await redis.xrange(key, '-', '+');
    const values = events.filter(([, fields]) => fields.includes('progress'));
    expect(values.length).toBeGreaterThan(0);
    // Ten a second at most, and the run is done in seconds.
    expect(values.length).toBeLessThan(500);
  });
});
