import { THROUGHPUT } from './columns.mjs';
import { SHARES } from './shares.mjs';

async function measure(run, total, concurrency, processes = 1) {
  const filler = await run.fill(total);
  const starts = Array.from({ length: processes }, () => run.client('work', { concurrency, total }));
  const figures = await run.work({ workers: await Promise.all(starts), total });
  await run.checkCompleted(filler, total);
  return figures;
}

const processCase = (concurrency, jobs, shares, target, smoke) => ({
  shares,
  smoke,
  name: `process-${concurrency}`,
  title: `Process jobs that do nothing, concurrency ${concurrency}`,
  columns: THROUGHPUT,
  jobs,
  target: { ...target, aheadOfAll: true },
  measure: (run, total) => measure(run, total, concurrency),
});

export const process1 = processCase(1, 6_000, SHARES.one, { atLeast: 1.2 });
export const process10 = processCase(10, 20_000, SHARES.ten, {});
export const process100 = processCase(100, 60_000, SHARES.many, { atLeast: 2, aim: 3 }, 'all');
export const process500 = processCase(500, 60_000, SHARES.many, {});

export const twoProcesses = {
  name: 'two-processes',
  title: 'Process in two processes, concurrency 100 each',
  smoke: 'ours',
  columns: THROUGHPUT,
  jobs: 60_000,
  shares: SHARES.many,
  target: { aheadOfAll: true },
  measure: (run, total) => measure(run, total, 100, 2),
};
