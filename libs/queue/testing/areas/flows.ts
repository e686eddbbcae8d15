import type { FlowJob } from 'bullmq';
import { cases, type Bench } from '../bench.js';
import { next } from '../signals.js';
import type { Area } from '../store-under-test.js';

const child = (bench: Bench, id: string, more: object = {}) => ({
  name: id,
  queueName: bench.also('children'),
  data: id,
  opts: { jobId: id },
  ...more,
});

const parent = (bench: Bench, children: object[], opts: object = {}): FlowJob =>
  ({ name: 'parent', queueName: bench.name, data: 'p', opts: { jobId: 'p', ...opts }, children }) as FlowJob;

/** Trees of jobs: the parent waits for its children, over several queues. */
export const flowsConformance: Area = (store, differences) => {
  describe('flows', () => {
    const check = cases(store, differences);

    check('adds a tree: the parent waits for its children', async (bench) => {
      const tree = await bench.flows().add(parent(bench, [child(bench, 'a'), child(bench, 'b')]));
      expect(tree.job.id).toBe('p');
      expect(tree.children?.map((node) => node.job.id)).toEqual(['a', 'b']);
      const [queue, children] = [bench.queue(), bench.queue({}, bench.also('children'))];
      expect(await queue.getJobState('p')).toBe('waiting-children');
      expect(await queue.getWaitingChildrenCount()).toBe(1);
      expect((await queue.getWaitingChildren()).map((job) => job.id)).toEqual(['p']);
      expect((await children.getWaiting()).map((job) => job.id)).toEqual(['a', 'b']);
      const stored = await children.getJob('a');
      expect(stored?.parentKey).toBe(`${queue.qualifiedName}:p`);
      expect(stored?.parent).toMatchObject({ id: 'p', queueKey: queue.qualifiedName });
    });

    check('does not run a parent before its children', async (bench) => {
      await bench.flows().add(parent(bench, [child(bench, 'a'), child(bench, 'b')]));
      const parents = bench.hand();
      const children = bench.hand({}, bench.also('children'));
      expect(await parents.claim()).toBeUndefined();
      await children.complete(1);
      expect(await parents.claim()).toBeUndefined();
      await children.complete(2);
      expect((await parents.take()).id).toBe('p');
    });

    check("gives a parent its children's results", async (bench) => {
      const worker = bench.worker(async (job) => job.getChildrenValues());
      const completed = next<[unknown, object]>(worker.worker, 'completed');
      bench.worker(async (job) => ({ was: job.data }), {}, bench.also('children'));
      await bench.flows().add(parent(bench, [child(bench, 'a'), child(bench, 'b')]));
      const prefix = bench.queue({}, bench.also('children')).qualifiedName;
      expect((await completed)[1]).toEqual({ [`${prefix}:a`]: { was: 'a' }, [`${prefix}:b`]: { was: 'b' } });
    });

    check('runs a deep tree from the leaves up', async (bench) => {
      const order: string[] = [];
      const node = (name: string, children?: object[]) => ({ name, queueName: bench.name, children });
      const { worker } = bench.worker(async (job) => order.push(job.name));
      const root = next(worker, 'completed', (job: { name: string }) => job.name === 'engine');
      await bench.flows().add(node('engine', [node('wheels', [node('chassis')])]) as FlowJob);
      await root;
      expect(order).toEqual(['chassis', 'wheels', 'engine']);
    });

    check('runs a wide tree', async (bench) => {
      const children = Array.from({ length: 60 }, (_, nth) => child(bench, `c${nth}`));
      const { ran } = bench.worker();
      bench.worker(async (job) => job.data, { concurrency: 10 }, bench.also('children'));
      const { job } = await bench.flows().add(parent(bench, children));
      await ran.reach(1);
      expect(Object.keys(await job.getChildrenValues())).toHaveLength(60);
    });

    check('adds a tree without children as a job', async (bench) => {
      const { job } = await bench.flows().add(parent(bench, []));
      expect(await job.getState()).toBe('waiting');
    });

    check('tells of the parent that waits and is released', async (bench) => {
      const log = await bench.events();
      await bench.flows().add(parent(bench, [child(bench, 'a')]));
      await log.find('waiting-children', { jobId: 'p' });
      await bench.hand({}, bench.also('children')).complete();
      expect(await log.find('waiting', { jobId: 'p' })).toMatchObject({ prev: 'waiting-children' });
    });

    check('wakes the worker of the parent', async (bench) => {
      const { worker, ran } = bench.worker();
      await worker.waitUntilReady();
      await bench.flows().add(parent(bench, [child(bench, 'a')]));
      await bench.hand({}, bench.also('children')).complete();
      expect((await ran.reach(1))[0]?.id).toBe('p');
    });

    check('delays a released parent as it says', async (bench) => {
      await bench.flows().add(parent(bench, [child(bench, 'a')], { delay: 600_000 }));
      await bench.hand({}, bench.also('children')).complete();
      expect(await bench.queue().getJobState('p')).toBe('delayed');
    });

    check('puts a released parent before the jobs that wait', async (bench) => {
      await bench.queue().add('waits', {}, { jobId: 'waits' });
      await bench.flows().add(parent(bench, [child(bench, 'a')]));
      await bench.hand({}, bench.also('children')).complete();
      expect(await bench.hand().drain()).toEqual(['p', 'waits']);
    });

    check('prioritizes a released parent as it says', async (bench) => {
      await bench.flows().add(parent(bench, [child(bench, 'a')], { priority: 3 }));
      await bench.hand({}, bench.also('children')).complete();
      expect(await bench.queue().getJobState('p')).toBe('prioritized');
    });

    check("respects the pause of the parent's queue", async (bench) => {
      const queue = bench.queue();
      await queue.pause();
      await bench.flows().add(parent(bench, [child(bench, 'a')]));
      await bench.hand({}, bench.also('children')).complete();
      expect(await queue.getWaitingCount()).toBe(1);
      expect(await bench.hand().claim()).toBeUndefined();
    });

    check('keeps the results of children that are removed at once', async (bench) => {
      const { job } = await bench
        .flows()
        .add(parent(bench, [child(bench, 'a', { opts: { jobId: 'a', removeOnComplete: true } })]));
      await bench.hand({}, bench.also('children')).complete('kept');
      expect(Object.values(await job.getChildrenValues())).toEqual(['kept']);
      expect(await bench.queue({}, bench.also('children')).getJob('a')).toBeUndefined();
    });

    check('uses the options given for a queue', async (bench) => {
      const { job } = await bench.flows().add(parent(bench, []), {
        queuesOptions: { [bench.name]: { defaultJobOptions: { attempts: 4 } } },
      });
      expect((await bench.queue().getJob(String(job.id)))?.opts.attempts).toBe(4);
    });

    check('adds many trees in one step', async (bench) => {
      const tree = (nth: number) => ({
        name: 'root',
        queueName: bench.name,
        opts: { jobId: `root-${nth}` },
        children: [child(bench, `leaf-${nth}`)],
      });
      const trees = await bench.flows().addBulk([tree(1), tree(2)]);
      expect(trees.map((one) => one.job.id)).toEqual(['root-1', 'root-2']);
      expect(await bench.queue().getWaitingChildrenCount()).toBe(2);
      expect(await bench.hand({}, bench.also('children')).drain()).toEqual(['leaf-1', 'leaf-2']);
    });

    check('adds nothing of a flow that is wrong', async (bench) => {
      const wrong = parent(bench, [child(bench, 'a'), child(bench, 'b', { opts: { jobId: '12' } })]);
      await expect(bench.flows().add(wrong)).rejects.toThrow(/Custom Id cannot be integers/);
      expect(await bench.queue().count()).toBe(0);
      expect(await bench.queue({}, bench.also('children')).count()).toBe(0);
    });

    check('refuses a parent that does not exist', async (bench) => {
      const queue = bench.queue();
      await expect(
        queue.add('child', {}, { parent: { id: 'nobody', queue: queue.qualifiedName } }),
      ).rejects.toMatchObject({
        message: expect.stringContaining(
          `Missing key for parent job ${queue.qualifiedName}:nobody`,
        ) as string,
        code: -5,
      });
      expect(await queue.count()).toBe(0);
    });

    check('does not add an existing child again, but links it', async (bench) => {
      const children = bench.queue({}, bench.also('children'));
      await children.add('a', 'first', { jobId: 'a' });
      const log = await bench.events(bench.also('children'));
      await bench.flows().add(parent(bench, [child(bench, 'a')]));
      await log.find('duplicated', { jobId: 'a' });
      expect(await bench.queue().getJobState('p')).toBe('waiting-children');
      await bench.hand({}, bench.also('children')).complete('value');
      expect(await bench.queue().getJobState('p')).toBe('waiting');
      expect((await children.getJob('a'))?.data).toBe('first');
    });

    check('takes the result of a child that was completed before', async (bench) => {
      const children = bench.queue({}, bench.also('children'));
      await children.add('a', {}, { jobId: 'a' });
      await bench.hand({}, bench.also('children')).complete('before');
      const { job } = await bench.flows().add(parent(bench, [child(bench, 'a')]));
      expect(await job.getState()).toBe('waiting');
      expect(Object.values(await job.getChildrenValues())).toEqual(['before']);
    });

    check('a child cannot change its parent', async (bench) => {
      const flows = bench.flows();
      await flows.add(parent(bench, [child(bench, 'a')]));
      const other = { ...parent(bench, [child(bench, 'a')]), opts: { jobId: 'q' } } as FlowJob;
      const refused = await flows.add(other).catch((error: unknown) => error);
      const stored = await bench.queue({}, bench.also('children')).getJob('a');
      expect(stored?.parentKey).toBe(`${bench.queue().qualifiedName}:p`);
      if (refused instanceof Error) expect(refused.message).toMatch(/cannot be replaced/);
    });

    check('adds a child to a running parent, which then waits for it', async (bench) => {
      const queue = bench.queue();
      await queue.add('parent', {}, { jobId: 'p' });
      const hand = bench.hand();
      const job = await hand.take('t');
      const children = bench.queue({}, bench.also('children'));
      await children.add('late', {}, { jobId: 'late', parent: { id: 'p', queue: queue.qualifiedName } });
      expect(await job.moveToWaitingChildren('t')).toBe(true);
      expect(await queue.getJobState('p')).toBe('waiting-children');
      await bench.hand({}, bench.also('children')).complete('value');
      const again = await hand.take();
      expect(again.id).toBe('p');
      expect(again.attemptsMade).toBe(0);
      expect(await again.moveToWaitingChildren('token')).toBe(false);
    });

    check('does not complete a parent whose children are pending', async (bench) => {
      const queue = bench.queue();
      await queue.add('parent', {}, { jobId: 'p' });
      const job = await bench.hand().take();
      await bench
        .queue({}, bench.also('children'))
        .add('late', {}, { parent: { id: 'p', queue: queue.qualifiedName } });
      await expect(job.moveToCompleted(1, 'token', false)).rejects.toMatchObject({
        message: expect.stringContaining('Job p has pending dependencies.') as string,
        code: -4,
      });
    });

    check('lets only the one who runs a parent move it to its children', async (bench) => {
      const queue = bench.queue();
      await queue.add('parent', {}, { jobId: 'p' });
      const job = await bench.hand().take('mine');
      await queue.add('c', {}, { jobId: 'c', parent: { id: 'p', queue: queue.qualifiedName } });
      await expect(job.moveToWaitingChildren('other')).rejects.toMatchObject({ code: -6 });
    });
  });
};
