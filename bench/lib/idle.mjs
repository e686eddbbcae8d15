import { sleep } from '../../scripts/lib/wait.mjs';
import { Tally } from './tally.mjs';

const CONCURRENCY = 10;
const LONGEST_WARM_UP = 20;

/**
 * A worker that is idle whenever a job is added: one job at a time, after a pause of 2 to 10 ms. The first jobs warm
 * up, and do not count.
 *
 * @param clock what tells when a handler started
 * @returns `run(step)`, which calls `step(number, started)` for each job, `started` being a promise of the moment
 *   its handler starts; and `counted(list)`, the list without the first jobs
 */
export async function eachWhenIdle(session, count, clock) {
  await session.ready?.();
  const warmUp = Math.min(LONGEST_WARM_UP, Math.ceil(count / 10));
  const total = count + warmUp;
  const tally = new Tally(total);
  let onStart, onEnd;
  const worker = await session.startWorker({
    concurrency: CONCURRENCY,
    onRun: (number) => {
      const at = clock();
      tally.add(number);
      onStart(at);
    },
    onDone: () => onEnd(),
  });
  return {
    async run(step) {
      worker.run();
      for (let number = 0; number < total; number++) {
        const started = new Promise((resolve) => (onStart = resolve));
        const ended = new Promise((resolve) => (onEnd = resolve));
        await sleep(2 + Math.random() * 8); // random, so that no rhythm of ours meets one of the worker's
        await step(number, started);
        await ended;
      }
      await worker.close();
      tally.check('pick-up');
    },
    counted: (list) => list.slice(warmUp),
  };
}
