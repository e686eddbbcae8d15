import { wallClock } from '../lib/clock.mjs';
import { Tally } from '../lib/tally.mjs';

const REPORT_MS = 20;

/**
 * Runs jobs that do nothing until it is told to stop. `total` is how many there are, for all processes together;
 * `until` (default: no limit) is after how many its own measurement ends.
 */
export const role = {
  async prepare({ session, concurrency, total, until, report }) {
    const tally = new Tally(total);
    const record = { done: 0, lastAt: 0, cpu: 0 };
    let before;
    const note = () => {
      const { user, system } = process.cpuUsage(before);
      record.cpu = user + system;
      report(record.done);
    };
    const enough = until ?? total;
    // A store that acknowledges in bulk, later, is asked until it has recorded everything.
    const drained = async () => {
      await session.drained();
      record.lastAt = wallClock();
    };
    const finish = () => (session.drained ? drained().then(note) : note());
    const worker = await session.startWorker({
      concurrency,
      onRun: (number) => tally.add(number),
      onDone: () => {
        if (record.done === enough) return;
        record.done += 1;
        record.lastAt = wallClock();
        if (record.done === enough) void finish();
      },
    });
    return {
      async run(stopped) {
        before = process.cpuUsage();
        record.startAt = wallClock();
        worker.run();
        let reported = 0;
        const timer = setInterval(() => {
          if (reported === record.done || record.done === enough) return;
          reported = record.done;
          note();
        }, REPORT_MS);
        await stopped;
        clearInterval(timer);
        if (session.drained && record.done < enough) await drained(); // other processes ran the rest
        await worker.close();
        return { ...record, counts: tally.counts };
      },
    };
  },
};
