import { Redis } from 'ioredis';
// The store alone: the library's index loads Nest, too, which BullMQ's clients beside it do not carry either.
import { createBackend } from '../../dist/libs/queue/src/backend/drover-backend.js';
import { openBullMq } from './bullmq-classes.mjs';

const PREFIX = 'bench';

export const peer = {
  settings: 'BullMQ’s classes with the same options on Drover’s store, which has its defaults',
  open(task) {
    const session = openBullMq(task, PREFIX, createBackend);
    return {
      ...session,
      goPrefix: `${PREFIX}:${task.queue}:`,
      listen: (onCompleted) => listen(task, onCompleted),
    };
  },
};

/** Hears the updates channel, as a Go service does. */
async function listen({ address, queue, onError }, onCompleted) {
  const redis = new Redis(address);
  redis.on('error', onError);
  redis.on('message', (_, text) => {
    const { event, job_id: id } = JSON.parse(text);
    if (event === 'job_completed') onCompleted(id);
  });
  await redis.subscribe(`${PREFIX}:${queue}:updates`);
  return { close: () => redis.quit() };
}
