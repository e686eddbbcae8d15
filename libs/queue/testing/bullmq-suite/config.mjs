// Vitest settings that run BullMQ's own tests, from BullMQ's repository, on Drover's store.
// Environment: DROVER_ROOT, BULLMQ_ROOT (both absolute), DROVER_REDIS_PORT.
import { join } from 'node:path';

const drover = (path) => join(process.env.DROVER_ROOT, path);
const bullmq = (path) => join(process.env.BULLMQ_ROOT, path);

export default {
  root: process.env.BULLMQ_ROOT,
  resolve: {
    alias: [
      { find: /^#libs\/contracts$/, replacement: drover('libs/contracts/src/index.ts') },
      { find: /^#drover$/, replacement: drover('libs/queue/src/backend/drover-backend.ts') },
      { find: /^#bullmq\/(.*)$/, replacement: bullmq('$1') },
      // The store must be built on the very classes that the tests use.
      { find: /^bullmq$/, replacement: bullmq('src/index.ts') },
      { find: /^zod$/, replacement: drover('node_modules/zod') },
    ],
  },
  test: {
    testTimeout: 10_000,
    hookTimeout: 10_000,
    setupFiles: [drover('libs/queue/testing/bullmq-suite/setup.mjs')],
  },
};
