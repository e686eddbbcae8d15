// What a worker with its types leaves of jobs that end: dead letters with their codes, retention, results from the cache.
import { Logger, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { z } from 'zod';
import { loadSettings, type JobView } from '#libs/contracts';
import { JobHandler, PermanentJobError } from '#libs/jobs';
import { QueueKeys, QueueService, silentLogger, TypeMetrics } from '#libs/queue';
import { Lifecycle } from './lifecycle.js';
import { RedisLink } from './redis-link.js';
import { WorkerModule } from './worker.module.js';
import { testRedisUrl } from '../../../tests/support/redis.js';
import { waitFor } from '../../../tests/support/wait.js';
import { freshPrefix } from '../../../tests/e2e/worker-process.js';

const HOUR = 3_600_000;

class NoPaperError extends PermanentJobError {
  override readonly code = 'NO_PAPER';
}

@JobHandler({ type: 'test.print', payload: z.object({ how: z.string() }), retention: { dead: '2d' } })
class Print {
  run({ how }: { how: string }): void {
    throw how === 'paper' ? new NoPaperError('no paper') : new Error('broken');
  }
}

@JobHandler({ type: 'test.forgotten', deadLetters: false, retention: { failed: '3h' } })
class Forgotten {
  run(): void {
    throw new Error('broken');
  }
}

@JobHandler({ type: 'test.cached', cache: '1h', retention: { completed: '5h' } })
class Cached {
  run(): number {
    return 42;
  }
}

@Module({ providers: [Print, Forgotten, Cached] })
class TestPlugin {}

const url = testRedisUrl();
const prefix = freshPrefix();
const queue = new QueueService({ redisUrl: url, prefix, logger: silentLogger });
let worker: TestingModule;

beforeAll(async () => {
  Logger.overrideLogger(false);
  const settings = loadSettings({
    REDIS_URL: url,
    QUEUE_PREFIX: prefix,
    WORKER_PORT: '0',
    NO_HANDLER_SECONDS: '1',
    SHUTDOWN_SECONDS: '0',
    DROVER_BUNDLED_PLUGINS: 'example',
  });
  worker = await Test.createTestingModule({
    imports: [WorkerModule.forRoot({ id: 'ender', version: 'test', settings }), TestPlugin],
  }).compile();
  await worker.init();
  await worker.get(Lifecycle).start();
});
afterAll(async () => {
  await worker.get(Lifecycle).stop();
  await worker.close();
  await queue.close();
});

async function ended(type: string, payload: unknown = {}, attempts = 1): Promise<JobView> {
  const { id } = await queue.jobs.create({ type, payload, attempts, backoff: { type: 'fixed', delay: 1 } });
  return waitFor(
    async () => {
      const job = await queue.jobs.get(id);
      return ['completed', 'failed'].includes(job.status) ? job : undefined;
    },
    { what: `${type} to end` },
  );
}

const letterOf = async ({ id }: JobView) =>
  (await queue.deadLetters.list({ page: 1, pageSize: 100 })).items.find((letter) => letter.id === id);

/** Hours until a job's keys end. */
const hoursLeft = async ({ id }: JobView): Promise<number> => {
  const left = await worker.get(RedisLink).client.pttl(`${prefix}:jobs:status:${id}`);
  return Math.round(left / HOUR);
};

// A type nobody knows is given up after some rounds.

describe('a job that failed for good', () => {
  it.each([
    ['out of attempts', 'test.print', { how: 'other' }, 2, 'ERROR', 48],
    ['for good by its handler', 'test.print', { how: 'paper' }, 3, 'NO_PAPER', 48],
    ['since its payload does not fit', 'test.print', { how: 7 }, 3, 'PAYLOAD_MISMATCH', 48],
    ['without a handler anywhere', 'test.nobody', {}, 3, 'NO_HANDLER', 14 * 24],
  ] as const)('%s is a dead letter with a code', async (_, type, payload, attempts, code, hours) => {
    const job = await ended(type, payload, attempts);
    expect(job).toMatchObject({ status: 'failed', errorCode: code });
    expect(await letterOf(job)).toMatchObject({ type, errorCode: code, error: job.error });
    expect(await hoursLeft(job)).toBe(hours);
  });

  it('is no dead letter where its type wants none, and is kept as long as that says', async () => {
    const job = await ended('test.forgotten');
    expect(job).toMatchObject({ status: 'failed', errorCode: 'ERROR' });
    expect(await letterOf(job)).toBeUndefined();
    expect(await hoursLeft(job)).toBe(3);
  });

  it('is counted by its type, where that is known here', async () => {
    const counted = await new TypeMetrics(
      async () => worker.get(RedisLink).client,
      new QueueKeys(prefix, 'jobs'),
    ).read();
    const summary = counted.map(({ type, total, failed, retried, dead }) => ({
      type,
      total,
      failed,
      retried,
      dead,
    }));
    expect(summary).toEqual([
      { type: 'test.forgotten', total: 1, failed: 1, retried: 0, dead: 0 },
      { type: 'test.print', total: 4, failed: 3, retried: 1, dead: 3 },
    ]);
  });
});

it('a job with a result from the cache says whose it is, and both are kept as long as their type says', async () => {
  const first = await ended('test.cached', { n: 1 });
  expect(first).toMatchObject({ result: 42, cachedFrom: undefined });
  const second = await ended('test.cached', { n: 1 });
  expect(second).toMatchObject({ result: 42, cachedFrom: first.id });
  expect(await Promise.all([hoursLeft(first), hoursLeft(second)])).toEqual([5, 5]);
});
