import { performance } from 'node:perf_hooks';
import { eachWhenIdle } from '../lib/idle.mjs';

const clock = () => performance.now();

/**
 * Adds a job to an idle queue again and again, and measures how long it takes until its handler starts. Producer and
 * worker are in one process, so that there is one clock.
 */
export const role = {
  async prepare({ session, count }) {
    const idle = await eachWhenIdle(session, count, clock);
    return {
      async run() {
        const latencies = [];
        await idle.run(async (number, started) => {
          const from = clock();
          await session.addOne(number);
          latencies.push((await started) - from);
        });
        return { latencies: idle.counted(latencies) };
      },
    };
  },
};
