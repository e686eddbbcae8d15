import { quantile } from '../lib/statistics.mjs';
import { SHARES } from './shares.mjs';

const COLUMNS = [
  { key: 'p99', title: 'p99 ms', better: 'less' },
  { key: 'p50', title: 'p50 ms', better: 'less' },
  { key: 'worst', title: 'worst ms', better: 'less' },
];

const figures = (latencies) => ({
  p99: quantile(latencies, 0.99),
  p50: quantile(latencies, 0.5),
  worst: Math.max(...latencies),
});

/** From before the call that adds a job to the start of its handler, on an idle queue. */
export const pickUp = {
  name: 'pick-up',
  title: 'Pick-up latency of an idle worker, jobs added by TypeScript',
  about: 'From the call of `add` to the start of the handler, concurrency 10, one job at a time.',
  smoke: 'ours',
  columns: COLUMNS,
  jobs: 1200,
  shares: SHARES.pickUp,
  target: { atMost: 1 },
  measure: async (run, count) => figures((await run.complete('latency', { count })).latencies),
};

/** The same for jobs that a Go service adds; the others have no Go side, so theirs are added by TypeScript. */
export const pickUpGo = {
  name: 'pick-up-go',
  title: 'Pick-up latency of an idle worker, jobs added by Go (BullMQ’s: by TypeScript)',
  about:
    'From before the first of the six commands of Go’s AddJob (`p99 ms`, `p50 ms`), and from before the one that puts the job into the queue, to the start of the handler.',
  smoke: 'ours',
  columns: [...COLUMNS, { key: 'queued', title: 'p50 ms from ZADD', better: 'less' }],
  jobs: 1200,
  needs: 'go',
  peers: ({ name }) => ['drover', 'bullmq'].includes(name),
  async measure(run, count) {
    if (!run.peer.go) {
      const { latencies } = await run.complete('latency', { count });
      return { ...figures(latencies), queued: quantile(latencies, 0.5) };
    }
    const { latencies, queued } = await run.complete('latency-go', { count, program: run.programs.go });
    return { ...figures(latencies), queued: quantile(queued, 0.5) };
  },
};
