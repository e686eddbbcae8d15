import { perJob } from '../lib/run.mjs';
import { THROUGHPUT } from './columns.mjs';
import { SHARES } from './shares.mjs';

async function add(run, options) {
  const client = await run.client('add', options);
  const cpuBefore = await run.store.cpu();
  client.go();
  const { startAt, endAt, cpu } = await client.result();
  const storeCpu = (await run.store.cpu()) - cpuBefore;
  const { waiting, active } = await client.counts();
  if (waiting !== options.count || active !== 0) {
    throw new Error(`${run.peer.name}: of ${options.count} added jobs ${waiting} wait and ${active} run`);
  }
  return perJob(options.count, { ms: endAt - startAt, clientCpu: cpu, storeCpu });
}

export const addOne = {
  name: 'add-one',
  title: 'Add one by one, 100 in flight',
  columns: THROUGHPUT,
  jobs: 30_000,
  shares: SHARES.addOne,
  target: { atLeast: 1.5 },
  measure: (run, count) => add(run, { count, inFlight: 100 }),
};

export const addBulk = {
  name: 'add-bulk',
  title: 'Add in bulk, 1,000 a call',
  smoke: 'ours',
  columns: THROUGHPUT,
  jobs: 80_000,
  target: { atLeast: 2.5, ahead: ['bee-queue'] },
  measure: (run, count) => add(run, { count, perCall: 1000 }),
};
