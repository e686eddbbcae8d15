import { Worker } from 'bullmq';

const connection = { url: process.env.REDIS_URL };
const worker = new Worker('jobs', async (job) => job.data, {
  connection,
  concurrency: 100,
  removeOnComplete: { age: 3600 },
});
await worker.waitUntilReady();
console.log('ready, serves no http://127.0.0.1:0');
process.on('SIGTERM', () => process.exit(0));
