const CLAIMS = 2_000;
const FEW = 10_000;

/** Runs some of `pending` jobs one after the other. */
async function claimFrom(run, pending) {
  await run.store.reset();
  const filler = await run.fill(pending);
  await filler.close();
  const claims = Math.min(CLAIMS, Math.round(pending / 5));
  const worker = await run.client('work', { concurrency: 1, total: pending, until: claims });
  const scriptsBefore = await run.store.scriptTime();
  const { rate } = await run.work({ workers: [worker], total: pending, until: claims });
  await run.end();
  const scripts = (await run.store.scriptTime()) - scriptsBefore;
  return { wall: 1e6 / rate, scripts: scripts / claims };
}

/** What it costs to claim, run and finish one job, with few and with very many jobs waiting. */
export const claims = {
  name: 'claims',
  title: 'Cost of a claim with 10,000 and with 1,000,000 pending jobs',
  about:
    'Jobs are run one after the other: wall time, and time in Redis’s scripts, for each claim with its finish.',
  smoke: 'ours',
  smokeJobs: 1_000,
  columns: [
    { key: 'growth', title: 'cost grows by (wall)', better: 'less' },
    { key: 'scriptGrowth', title: 'in scripts', better: 'less' },
    { key: 'wallFew', title: 'µs at 10,000', better: 'less' },
    { key: 'wallMany', title: 'µs at 1,000,000', better: 'less' },
    { key: 'scriptsFew', title: 'script µs at 10,000', better: 'less' },
    { key: 'scriptsMany', title: 'script µs at 1,000,000', better: 'less' },
  ],
  jobs: 1_000_000,
  rounds: 3,
  peers: ({ name }) => ['drover', 'bullmq'].includes(name),
  target: { key: 'growth', what: 'the cost grows by', atMost: 1.2 },
  async measure(run, pending) {
    const few = await claimFrom(run, Math.min(FEW, Math.max(100, Math.round(pending / 100))));
    const many = await claimFrom(run, pending);
    return {
      growth: many.wall / few.wall,
      scriptGrowth: many.scripts / few.scripts,
      wallFew: few.wall,
      wallMany: many.wall,
      scriptsFew: few.scripts,
      scriptsMany: many.scripts,
    };
  },
};
