// Adds jobs and completes them, as a process of its own: node load.mjs <root> <redis url> <prefix> <jobs> <jobs per second, 0 = all at once>
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';

const [root, url, prefix, jobs, rate] = process.argv
  .slice(2)
  .map((text, at) => (at < 3 ? text : Number(text)));
const { createBackendFactory } = await import(`${root}/dist/libs/queue/src/index.js`);
const STEP_MS = 50;
const MOST_AT_ONCE = 1000;

const connection = { url };
const queue = new Queue('jobs', { connection, prefix }, createBackendFactory({}));
let done = 0;
let finish;
const finished = new Promise((resolve) => (finish = resolve));
const worker = new Worker(
  'jobs',
  async ({ data }) => ({ ok: true, n: data.n }),
  { connection, prefix, concurrency: 100 },
  createBackendFactory({}),
);
worker.on('completed', () => ++done === jobs && finish());
worker.on('error', (error) => console.error(error));
await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);

const began = performance.now();
for (let added = 0; added < jobs;) {
  const due = rate === 0 ? jobs : Math.floor(((performance.now() - began) / 1000) * rate);
  const count = Math.min(due, jobs, added + MOST_AT_ONCE) - added;
  const made = Array.from({ length: Math.max(0, count) }, (_, at) => ({
    name: 'bench.job',
    data: { n: added + at, customer: `customer-${at % 50}`, text: 'x'.repeat(100) },
    opts: { attempts: 3 },
  }));
  if (count > 0) await queue.addBulk(made);
  added += made.length;
  if (rate !== 0) await sleep(STEP_MS);
}
const addedSeconds = (performance.now() - began) / 1000;
await finished;
console.log(JSON.stringify({ addedSeconds, seconds: (performance.now() - began) / 1000 }));
await worker.close();
await queue.close();
process.exit(0);
