import type { FlowJob } from 'bullmq';
import { cases, type Bench } from '../bench.js';
import type { Area } from '../store-under-test.js';

/** A parent with `count` children c0, c1, … in another queue. */
async function brood(bench: Bench, count: number) {
  const queueName = bench.also('children');
  const children = Array.from({ length: count }, (_, nth) => ({
    name: `c${nth}`,
    queueName,
    data: nth,
    opts: { jobId: `c${nth}`, ignoreDependencyOnFailure: true },
  }));
  const flows = bench.flows();
  const { job } = await flows.add({
    name: 'p',
    queueName: bench.name,
    opts: { jobId: 'p' },
    children,
  } as FlowJob);
  const prefix = `${bench.queue({}, queueName).qualifiedName}:`;
  return { flows, job, hand: bench.hand({}, queueName), prefix };
}

/** Looking at trees. */
export const flowQueriesConformance: Area = (store, differences) => {
  describe('looking at flows', () => {
    const check = cases(store, differences);

    check('sorts children by what became of them', async (bench) => {
      const { job, hand, prefix } = await brood(bench, 3);
      await hand.complete({ v: 0 });
      await hand.fail(new Error('why'));
      const found = await job.getDependencies();
      expect(found.processed).toEqual({ [`${prefix}c0`]: { v: 0 } });
      expect(found.ignored).toEqual({ [`${prefix}c1`]: 'why' });
      expect(found.unprocessed).toEqual([`${prefix}c2`]);
      expect(await job.getDependenciesCount()).toEqual({
        processed: 1,
        ignored: 1,
        unprocessed: 1,
        failed: 0,
      });
    });

    check('counts only what is asked for', async (bench) => {
      const { job, hand } = await brood(bench, 3);
      await hand.complete();
      expect(await job.getDependenciesCount({ processed: true })).toEqual({ processed: 1 });
      expect(await job.getDependenciesCount({ unprocessed: true, failed: true })).toEqual({
        unprocessed: 2,
        failed: 0,
      });
    });

    check('gives children in pages', async (bench) => {
      const { job } = await brood(bench, 200);
      const seen = new Set<string>();
      let cursor = 0;
      do {
        const page = await job.getDependencies({ unprocessed: { cursor, count: 50 } });
        for (const key of page.unprocessed ?? []) seen.add(key);
        cursor = Number(page.nextUnprocessedCursor);
      } while (cursor !== 0);
      expect(seen.size).toBe(200);
    });

    check('gives processed children in pages', async (bench) => {
      const { job, hand } = await brood(bench, 150);
      for (let nth = 0; nth < 150; nth++) await hand.complete(nth);
      const seen = new Map<string, unknown>();
      let cursor = 0;
      do {
        const page = await job.getDependencies({ processed: { cursor, count: 40 } });
        for (const [key, value] of Object.entries(page.processed ?? {})) seen.set(key, value);
        cursor = Number(page.nextProcessedCursor);
      } while (cursor !== 0);
      expect(seen.size).toBe(150);
    });

    check('has no children where there are none', async (bench) => {
      const job = await bench.queue().add('alone', {});
      expect(await job.getChildrenValues()).toEqual({});
      expect(await job.getDependenciesCount()).toEqual({
        processed: 0,
        ignored: 0,
        unprocessed: 0,
        failed: 0,
      });
      expect(await job.getDependencies()).toMatchObject({ processed: {}, unprocessed: [] });
    });

    check('gives a tree', async (bench) => {
      const { flows } = await brood(bench, 2);
      const tree = await flows.getFlow({ id: 'p', queueName: bench.name });
      expect(tree.job.id).toBe('p');
      expect(tree.children?.map((node) => node.job.id).sort()).toEqual(['c0', 'c1']);
      expect(tree.children?.map((node) => node.job.data).sort()).toEqual([0, 1]);
    });

    check('gives finished children in the tree too', async (bench) => {
      const { flows, hand } = await brood(bench, 3);
      await hand.complete('done');
      await hand.fail();
      const tree = await flows.getFlow({ id: 'p', queueName: bench.name });
      expect(tree.children?.map((node) => node.job.id).sort()).toEqual(['c0', 'c1', 'c2']);
    });

    check('gives a tree as deep as wanted', async (bench) => {
      const node = (name: string, children?: object[]) => ({
        name,
        queueName: bench.name,
        opts: { jobId: name },
        children,
      });
      const flows = bench.flows();
      await flows.add(node('top', [node('middle', [node('bottom')])]) as FlowJob);
      const deep = await flows.getFlow({ id: 'top', queueName: bench.name });
      expect(deep.children?.[0]?.children?.[0]?.job.id).toBe('bottom');
      const flat = await flows.getFlow({ id: 'top', queueName: bench.name, depth: 2 });
      expect(flat.children?.[0]?.job.id).toBe('middle');
      expect(flat.children?.[0]?.children).toBeUndefined();
    });

    check('has no tree of a job that does not exist', async (bench) => {
      expect(await bench.flows().getFlow({ id: 'nobody', queueName: bench.name })).toBeFalsy();
    });

    check('gives the children of a job to the queue', async (bench) => {
      const { hand, prefix } = await brood(bench, 3);
      await hand.complete('done');
      const queue = bench.queue();
      const processed = await queue.getDependencies('p', 'processed', 0, -1);
      expect(processed.total).toBe(1);
      expect(processed.items).toEqual([{ id: `${prefix}c0`, v: 'done' }]);
      expect(processed.jobs.map((job) => job.name)).toEqual(['c0']);
      const pending = await queue.getDependencies('p', 'pending', 0, -1);
      expect(pending.total).toBe(2);
      expect(pending.items.map((item) => item.id).sort()).toEqual([`${prefix}c1`, `${prefix}c2`]);
    });

    check('gives a page of the children to the queue', async (bench) => {
      await brood(bench, 5);
      const page = await bench.queue().getDependencies('p', 'pending', 0, 1);
      expect(page.total).toBe(5);
      expect(page.items).toHaveLength(2);
    });
  });
};
