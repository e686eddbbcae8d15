import { openBullMq } from './bullmq-classes.mjs';

export const peer = {
  settings: 'BullMQ’s own Redis store, all options at their defaults but `concurrency`',
  open: (task) => openBullMq(task, 'bull', undefined),
};
