import { MetricsTime } from 'bullmq';
import { cases, type Bench } from '../bench.js';
import type { Area } from '../store-under-test.js';

const MINUTE = 60_000;
/** The middle of a minute, so that no case falls on the border between two. */
const START = Math.floor(Date.now() / MINUTE) * MINUTE + MINUTE / 2;

/** Finishes one job as if it were so many minutes later. */
async function finishAt(bench: Bench, hand: ReturnType<Bench['hand']>, minutes: number, fails = false) {
  await bench.queue().add('job', {});
  const now = jest.spyOn(Date, 'now').mockReturnValue(START + minutes * MINUTE);
  try {
    await (fails ? hand.fail() : hand.complete());
  } finally {
    now.mockRestore();
  }
}

/** Counts of finished jobs by minute. */
export const metricsConformance: Area = (store, differences) => {
  describe('metrics', () => {
    const check = cases(store, differences);
    const metrics = { maxDataPoints: MetricsTime.ONE_HOUR };

    check('has none without the option', async (bench) => {
      await finishAt(bench, bench.hand(), 0);
      expect((await bench.queue().getMetrics('completed')).meta.count).toBe(0);
    });

    check('counts completed jobs by minute, newest first', async (bench) => {
      const hand = bench.hand({ metrics });
      for (const minute of [0, 0, 0, 1, 1, 2]) await finishAt(bench, hand, minute);
      const found = await bench.queue().getMetrics('completed');
      expect(found.meta.count).toBe(6);
      expect(found.data.map(Number)).toEqual([2, 3]);
      expect(found.count).toBe(2);
    });

    check('fills minutes without jobs with 0', async (bench) => {
      const hand = bench.hand({ metrics });
      for (const minute of [0, 0, 4, 5]) await finishAt(bench, hand, minute);
      expect((await bench.queue().getMetrics('completed')).data.map(Number)).toEqual([1, 0, 0, 0, 2]);
    });

    check('counts failed jobs apart', async (bench) => {
      const hand = bench.hand({ metrics });
      await finishAt(bench, hand, 0, true);
      await finishAt(bench, hand, 1, true);
      await finishAt(bench, hand, 1);
      expect((await bench.queue().getMetrics('failed')).meta.count).toBe(2);
      expect((await bench.queue().getMetrics('completed')).meta.count).toBe(1);
      expect((await bench.queue().getMetrics('failed')).data.map(Number)).toEqual([1]);
    });

    check('keeps no more points than wanted', async (bench) => {
      const hand = bench.hand({ metrics: { maxDataPoints: 3 } });
      for (const minute of [0, 1, 2, 3, 4, 5]) await finishAt(bench, hand, minute);
      const { data, meta } = await bench.queue().getMetrics('completed');
      expect(data).toHaveLength(3);
      expect(meta.count).toBe(6);
    });

    check('gives ranges of points', async (bench) => {
      const hand = bench.hand({ metrics });
      for (const minute of [0, 1, 1, 2, 2, 2, 3]) await finishAt(bench, hand, minute);
      const queue = bench.queue();
      expect((await queue.getMetrics('completed', 0, 0)).data.map(Number)).toEqual([3]);
      expect((await queue.getMetrics('completed', 1, 2)).data.map(Number)).toEqual([2, 1]);
    });
  });
};
