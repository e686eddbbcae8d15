import { openGraphile } from './graphile-session.mjs';

const LOCAL_QUEUE = 500;
const LARGEST_POOL = 25;

export const peer = {
  settings:
    'the settings of the fastest figures in its performance guide: local queue of 500 (at least one more than the concurrency), `completeJobBatchDelay` and `failJobBatchDelay` 0, a pool of the concurrency + 1, at most 25',
  open: (task) =>
    openGraphile(task, (concurrency) => ({
      concurrentJobs: concurrency,
      maxPoolSize: Math.min(LARGEST_POOL, concurrency + 1),
      localQueue: { size: Math.max(LOCAL_QUEUE, concurrency + 1) },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    })),
};
