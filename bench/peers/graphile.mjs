import { openGraphile } from './graphile-session.mjs';

export const peer = {
  settings: 'its defaults (no local queue, no batching), `concurrentJobs` as asked',
  open: (task) => openGraphile(task, (concurrency) => ({ concurrentJobs: concurrency })),
};
