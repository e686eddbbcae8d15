import { cases } from '../bench.js';
import type { Area } from '../store-under-test.js';

/** What is kept about the queue itself. */
export const metadataConformance: Area = (store, differences) => {
  describe('metadata', () => {
    const check = cases(store, differences);

    check('names the version that wrote the queue', async (bench) => {
      expect(await bench.queue().getVersion()).toMatch(/^bullmq:\d+\.\d+\.\d+/);
    });

    check('writes nothing when told not to', async (bench) => {
      const queue = bench.queue({ skipMetasUpdate: true });
      await queue.waitUntilReady();
      expect(await queue.getVersion()).toBeNull();
    });

    check('keeps how many events are wanted', async (bench) => {
      const queue = bench.queue({ streams: { events: { maxLen: 77 } } });
      await queue.getVersion();
      expect((await queue.getMeta()).maxLenEvents).toBe(77);
    });

    check('says whether the queue is paused', async (bench) => {
      const queue = bench.queue();
      await queue.getVersion();
      expect((await queue.getMeta()).paused).toBeFalsy();
      await queue.pause();
      expect((await queue.getMeta()).paused).toBe(true);
    });

    check('keeps, reads and removes fields', async (bench) => {
      const backend = bench.queue({ skipMetasUpdate: true }).getBackend();
      await backend.setQueueMeta({ one: 1, two: 'zwei' });
      expect(await backend.getQueueMetaField('two')).toBe('zwei');
      expect(await backend.getQueueMetaField('three')).toBeNull();
      expect(await backend.getQueueMetaFields(['two', 'three', 'one'])).toEqual(['zwei', null, '1']);
      expect(await backend.getQueueMeta()).toEqual({ one: '1', two: 'zwei' });
      expect([await backend.hasQueueMetaField('one'), await backend.hasQueueMetaField('three')]).toEqual([
        true,
        false,
      ]);
      expect(await backend.removeQueueMetaFields(['one', 'three'])).toBe(1);
      expect(await backend.getQueueMeta()).toEqual({ two: 'zwei' });
    });

    check('is shared by all who use the queue', async (bench) => {
      await bench.queue().setGlobalConcurrency(3);
      expect(await bench.queue().getGlobalConcurrency()).toBe(3);
    });

    check('has no limits by default', async (bench) => {
      const queue = bench.queue();
      expect(await queue.getGlobalConcurrency()).toBeNull();
      expect(await queue.getGlobalRateLimit()).toBeNull();
      expect(await queue.isMaxed()).toBe(false);
      expect(await queue.getRateLimitTtl()).toBe(-2);
    });

    check('exports counts for Prometheus', async (bench) => {
      const queue = bench.queue();
      await queue.add('one', {});
      const text = await queue.exportPrometheusMetrics();
      expect(text).toContain(`bullmq_job_count{queue="${bench.name}", state="waiting"} 1`);
    });
  });
};
