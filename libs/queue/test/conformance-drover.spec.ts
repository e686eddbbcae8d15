// The kit against Drover's store.
import { createBackendFactory } from '#libs/queue';
import { Redis } from 'ioredis';
import { startRedis } from '../../../tests/support/redis.js';
import { conformance } from '../testing/index.js';
import { orphanMaker } from './support/orphan.js';

conformance({
  name: "Drover's store",
  start: async () => {
    const redis = await startRedis({ persistent: false });
    const client = new Redis(redis.url);
    return {
      name: 'drover',
      createBackend: createBackendFactory({ jobTtlSeconds: 0 }),
      connection: { host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null },
      prefix: 'kit',
      makeOrphan: orphanMaker(client),
      dispose: async () => {
        client.disconnect();
        await redis.remove();
      },
    };
  },
});
