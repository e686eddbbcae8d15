import { Queue, QueueEvents, Worker } from 'bullmq';
import { makePayload } from '../lib/payload.mjs';

const NAME = 'job';

/**
 * A session of BullMQ's own classes. Drover and BullMQ share all of it: the same options, and only the third
 * argument of the constructors, the store, differs.
 *
 * @param store the factory of the store, or undefined for BullMQ's own
 */
export function openBullMq({ address, queue: name, payload, jobOptions, onError }, prefix, store) {
  const { hostname: host, port } = new URL(address);
  const common = { connection: { host, port: Number(port) }, prefix };
  const options =
    jobOptions === 'typical' ? { attempts: 3, backoff: { type: 'exponential', delay: 1000 } } : undefined;
  const dataOf = makePayload(payload);
  let queue;
  const producer = () => {
    queue ??= watch(new Queue(name, common, store), onError);
    return queue;
  };
  return {
    addOne: async (number) => (await producer().add(NAME, dataOf(number), options)).id,
    addBulk: async (from, count) => {
      const jobs = Array.from({ length: count }, (_, place) => ({
        name: NAME,
        data: dataOf(from + place),
        opts: options,
      }));
      return (await producer().addBulk(jobs)).map(({ id }) => id);
    },
    ready: () => producer().waitUntilReady(),
    startWorker: (part) => startWorker(name, common, store, { ...part, onError }),
    counts: async () => {
      const { waiting, prioritized = 0, active, completed } = await producer().getJobCounts();
      return { waiting: waiting + prioritized, active, completed };
    },
    async listen(onCompleted) {
      const events = watch(new QueueEvents(name, common, store), onError);
      await events.waitUntilReady();
      events.on('completed', ({ jobId }) => onCompleted(jobId));
      return events;
    },
    close: () => queue?.close(),
  };
}

async function startWorker(name, common, store, { concurrency, onRun, onDone, onError }) {
  const handler = async (job) => onRun(job.data.n);
  const worker = watch(new Worker(name, handler, { ...common, concurrency, autorun: false }, store), onError);
  worker.on('completed', onDone);
  worker.on('failed', (_, error) => onError(error));
  await worker.waitUntilReady();
  return { run: () => void worker.run().catch(onError), close: () => worker.close() };
}

function watch(emitter, onError) {
  emitter.on('error', onError);
  return emitter;
}
