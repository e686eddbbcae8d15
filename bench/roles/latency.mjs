import { performance } from 'node:perf_hooks';
import { sleep } from '../../scripts/lib/wait.mjs';
import { Tally } from '../lib/tally.mjs';

const CONCURRENCY = 10;
const WARM_UP = 20;

/**
 * Adds a job to an idle queue again and again, and measures how long it takes until its handler starts. Producer and
 * worker are in one process, so that there is one clock. The first jobs warm up and are not counted.
 */
export const role = {
  async prepare({ session, count }) {
    await session.ready?.();
    const total = count + WARM_UP;
    const tally = new Tally(total);
    let onRun, onDone;
    const worker = await session.startWorker({
      concurrency: CONCURRENCY,
      onRun: (number) => {
        const at = performance.now();
        tally.add(number);
        onRun(at);
      },
      onDone: () => onDone(),
    });
    return {
      async run() {
        worker.run();
        const latencies = [];
        for (let number = 0; number < total; number++) {
          const started = new Promise((resolve) => (onRun = resolve));
          const finished = new Promise((resolve) => (onDone = resolve));
          await sleep(2 + Math.random() * 8); // the worker goes idle, and no rhythm of ours meets one of its
          const from = performance.now();
          await session.addOne(number);
          latencies.push((await started) - from);
          await finished;
        }
        tally.check('pick-up');
        await worker.close();
        return { latencies: latencies.slice(WARM_UP) };
      },
    };
  },
};
