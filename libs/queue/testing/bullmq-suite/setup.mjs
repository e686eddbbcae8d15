// Runs before each file of BullMQ's suite: every queue, worker and flow producer gets Drover's store.
import { createBackendFactory } from '#drover';
import { setDefaultBackendFactory } from '#bullmq/src/utils/create-backend';
import { setConnectionFactory } from '#bullmq/tests/utils/connection-factory';

// The tests open a connection of their own and hand it to the classes; the store opens its own instead. So
// this one does nothing, and what a test does to Redis through it behind the store's back fails the test.
setConnectionFactory(() => {
  const client = {
    isCluster: false,
    status: 'ready',
    options: {},
    connect: async () => undefined,
    disconnect: () => undefined,
    quit: async () => 'OK',
    duplicate: () => client,
    on: () => client,
    once: () => client,
    off: () => client,
    removeListener: () => client,
    emit: () => false,
  };
  return client;
});

// Tells the tests with child processes that these cannot reach the store.
process.env.BULLMQ_TEST_BACKEND = 'postgres';

const connection = { port: Number(process.env.DROVER_REDIS_PORT) };
// BullMQ keeps jobs for ever and delays them for as long as asked, and its tests count on both.
const create = createBackendFactory({ jobTtlSeconds: 0, maxDelayMs: Number.MAX_SAFE_INTEGER });
setDefaultBackendFactory((name, opts, flags) => create(name, { prefix: 'bull', ...opts, connection }, flags));
