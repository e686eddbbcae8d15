import { THROUGHPUT } from './columns.mjs';
import { SHARES } from './shares.mjs';

const CONCURRENCY = 100;

/** One process adds one by one while another one runs what it added. */
export const addAndProcess = {
  name: 'add-and-process',
  title: 'Add and process at once, in two processes',
  about: 'One process adds one by one with 100 in flight, another one runs them at concurrency 100.',
  smoke: 'all',
  columns: THROUGHPUT,
  jobs: 20_000,
  shares: SHARES.addOne,
  target: { aheadOfAll: true },
  async measure(run, total) {
    const worker = await run.client('work', { concurrency: CONCURRENCY, total });
    const producer = await run.client('add', { count: total, inFlight: 100 });
    const figures = await run.work({ workers: [worker], others: [producer], total });
    await run.checkCompleted(producer, total);
    return figures;
  },
};

/** A third process hears of every completed job; the measurement ends when it has heard of the last one. */
export const endToEnd = {
  name: 'end-to-end',
  title: 'Process at concurrency 100 while a subscriber hears of every job',
  about:
    'Drover: its updates channel; BullMQ: its stream of events, read by QueueEvents; bee-queue: its channel of events.',
  smoke: 'ours',
  columns: THROUGHPUT,
  jobs: 20_000,
  peers: ({ tellsSubscribers = false }) => tellsSubscribers,
  target: { aheadOfAll: true },
  async measure(run, total) {
    const filler = await run.fill(total);
    const worker = await run.client('work', { concurrency: CONCURRENCY, total, events: true });
    const listener = await run.client('listen', { total });
    const reached = () => listener.done >= total;
    const figures = await run.work({ workers: [worker], others: [listener], total, reached });
    await run.checkCompleted(filler, total);
    return figures;
  },
};
