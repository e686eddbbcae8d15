// BullMQ asks whether its store is ready each time a job ends.
import { Worker } from 'bullmq';
import { createBackend } from '#libs/queue';
import { useStand } from './support/stand.js';

const open = useStand();

it('a store that is ready leaves nothing behind of those who ask again', async () => {
  const { redis } = open();
  const { host = '', port = 0 } = redis.options;
  const opts = { connection: { host, port }, autorun: false };
  const worker = new Worker('ready', () => Promise.resolve(), opts, createBackend);
  const { backend } = worker;
  await worker.waitUntilReady();
  const ready = backend.waitUntilReady();
  await ready;
  expect(backend.waitUntilReady()).toBe(ready);
  await backend.disconnectBlocking();
  await expect(backend.waitUntilReady()).resolves.toBeUndefined();
  await worker.close();
});
