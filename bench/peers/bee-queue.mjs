import Queue from 'bee-queue';
import { makePayload } from '../lib/payload.mjs';

// "BQ_MINIMAL" of its own benchmark (benchmark/bq/harness.js in its repository).
const MINIMAL = { storeJobs: false, sendEvents: false, getEvents: false, removeOnSuccess: true };

export const peer = {
  settings:
    'as its own benchmark’s fastest set-up: `storeJobs`, `sendEvents`, `getEvents` off, `removeOnSuccess` on; bulk by `saveAll`',
  open: async ({ address, queue: name, payload, jobOptions, onError, events = false }) => {
    const base = { ...MINIMAL, redis: address };
    const dataOf = makePayload(payload);
    const open = async (settings) => {
      const queue = new Queue(name, { ...base, ...settings });
      queue.on('error', onError);
      await queue.ready();
      return queue;
    };
    const queue = await open({ isWorker: false });
    const create = (number) => {
      const job = queue.createJob(dataOf(number));
      return jobOptions === 'typical' ? job.retries(2).backoff('exponential', 1000) : job;
    };
    return {
      addOne: async (number) => (await create(number).save()).id,
      async addBulk(from, count) {
        const jobs = Array.from({ length: count }, (_, place) => create(from + place));
        const errors = await queue.saveAll(jobs);
        for (const error of errors.values()) throw error;
        return jobs.map(({ id }) => id);
      },
      async startWorker({ concurrency, onRun, onDone }) {
        const worker = await open({ isWorker: true, sendEvents: events });
        worker.on('succeeded', onDone);
        worker.on('failed', (_, error) => onError(error));
        const run = () => void worker.process(concurrency, async (job) => onRun(job.data.n));
        return { run, close: () => worker.close() };
      },
      async counts() {
        const { waiting, active, failed } = await queue.checkHealth();
        if (failed > 0) throw new Error(`${failed} jobs failed`);
        return { waiting, active };
      },
      async listen(onCompleted) {
        const listener = await open({ isWorker: false, getEvents: true });
        listener.on('job succeeded', onCompleted);
        return listener;
      },
      close: () => queue.close(),
    };
  },
};
