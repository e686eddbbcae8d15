import { wallClock } from '../lib/clock.mjs';

/** Hears of every completed job, until it is told to stop. */
export const role = {
  async prepare({ session, total, report }) {
    const heard = new Set();
    let repeated = 0;
    let lastAt = 0;
    const listener = await session.listen((id) => {
      if (heard.has(id)) repeated += 1;
      heard.add(id);
      lastAt = wallClock();
      if (heard.size % 100 === 0 || heard.size >= total) report(heard.size);
    });
    return {
      async run(stopped) {
        await stopped;
        return { heard: heard.size, repeated, lastAt };
      },
      close: () => listener.close(),
    };
  },
};
