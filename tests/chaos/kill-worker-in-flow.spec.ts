import { createBackendFactory, QueueKeys, QueueService, silentLogger } from '#libs/queue';
import { FlowProducer } from 'bullmq';
import { Redis } from 'ioredis';
import { freshPrefix, type WorkerProcess } from '../e2e/worker-process.js';
import { testRedisUrl } from '../support/redis.js';
import { killWhileWorking, shortLeases } from './support/killing.js';

const FLOWS = 30;
const CHILDREN = 5;
const KILLS = 4;
const url = testRedisUrl();
const prefix = freshPrefix();
const queue = new QueueService({ redisUrl: url, prefix, logger: silentLogger });
const producer = new FlowProducer({ connection: { url }, prefix }, createBackendFactory());
const redis = new Redis(url);
let worker: WorkerProcess | undefined;

afterAll(async () => {
  await worker?.kill();
  await Promise.all([queue.close(), producer.close(), redis.quit()]);
});

const sleeping = (jobId: string) => ({
  name: 'example.sleep',
  queueName: 'jobs',
  data: { ms: 30, steps: 1 },
  opts: { jobId, attempts: 1 },
});

it('a worker killed in the middle of flows loses no child, and every parent goes on exactly once', async () => {
  const parents = Array.from({ length: FLOWS }, (_, nth) => `parent${nth}`);
  for (const parent of parents) {
    const children = Array.from({ length: CHILDREN }, (_, nth) => sleeping(`${parent}-${nth}`));
    await producer.add({ ...sleeping(parent), children });
  }
  const all = FLOWS * (CHILDREN + 1);
  worker = await killWhileWorking(queue, shortLeases(url, prefix), { jobs: all, kills: KILLS });

  const keys = new QueueKeys(prefix, 'jobs');
  const events = (await redis.xrange(keys.key('events'), '-', '+')).map(([, fields]) => fields.join(' '));
  for (const parent of parents) {
    expect(
      events.filter((text) => text.startsWith(`event waiting jobId ${parent} prev waiting-children`)),
    ).toHaveLength(1);
    expect(await redis.hlen(keys.processed(parent))).toBe(CHILDREN);
    expect(await redis.exists(keys.pending(parent))).toBe(0);
  }
  expect(await redis.zcard(keys.key('waiting-children'))).toBe(0);
  expect(await worker.stop()).toBe(0);
});
