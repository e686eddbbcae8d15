// The kit against BullMQ's own Redis store: what passes there is what BullMQ's classes expect.
import { createRedisBackend } from 'bullmq';
import { Redis } from 'ioredis';
import { startRedis } from '../../../tests/support/redis.js';
import { conformance } from '../testing/index.js';

conformance({
  name: "BullMQ's Redis store",
  start: async () => {
    const redis = await startRedis({ persistent: false });
    const client = new Redis(redis.url);
    return {
      name: 'bullmq',
      createBackend: createRedisBackend,
      connection: { host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null },
      prefix: 'kit',
      makeOrphan: async (qualifiedName, jobId) => {
        await client.lrem(`${qualifiedName}:wait`, 0, jobId);
      },
      dispose: async () => {
        client.disconnect();
        await redis.remove();
      },
    };
  },
});
