import type { FlowJob, JobsOptions } from 'bullmq';
import { cases, type Bench } from '../bench.js';
import type { Area } from '../store-under-test.js';

/** A parent `p` with the children `a` (with `opts`) and `b` (with `others`), which both wait. */
async function family(
  bench: Bench,
  opts: JobsOptions,
  parentOpts: JobsOptions = {},
  others: JobsOptions = {},
) {
  const queueName = bench.also('children');
  const { job } = await bench.flows().add({
    name: 'parent',
    queueName: bench.name,
    opts: { jobId: 'p', ...parentOpts },
    children: [
      { name: 'a', queueName, opts: { jobId: 'a', ...opts } },
      { name: 'b', queueName, opts: { jobId: 'b', ...others } },
    ],
  } as FlowJob);
  const queue = bench.queue();
  const children = bench.queue({}, queueName);
  return {
    job,
    queue,
    children,
    parents: bench.hand(),
    hand: bench.hand({}, queueName),
    key: `${children.qualifiedName}:a`,
  };
}

/** What the failure of a child does to its parent. */
export const flowFailuresConformance: Area = (store, differences) => {
  describe('failing children', () => {
    const check = cases(store, differences);

    check('by default the parent goes on waiting', async (bench) => {
      const { job, queue, hand, key } = await family(bench, {});
      await hand.fail();
      await hand.complete();
      expect(await queue.getJobState('p')).toBe('waiting-children');
      expect((await job.getDependencies()).unprocessed).toEqual([key]);
    });

    check('by default the parent runs once the child succeeds after all', async (bench) => {
      const { queue, hand, children } = await family(bench, {});
      await hand.fail();
      await hand.complete('b');
      await (await children.getJob('a'))?.retry();
      await hand.complete('a');
      expect(await queue.getJobState('p')).toBe('waiting');
    });

    check('a child that is tried again does not fail its parent', async (bench) => {
      const { queue, hand } = await family(bench, { failParentOnFailure: true, attempts: 2 });
      await hand.fail();
      expect(await queue.getJobState('p')).toBe('waiting-children');
    });

    check('failParentOnFailure: a worker fails the parent', async (bench) => {
      const { queue, hand, key } = await family(bench, { failParentOnFailure: true });
      const log = await bench.events();
      await hand.fail();
      const { ran } = bench.worker();
      const failed = await log.find('failed', { jobId: 'p' });
      expect(failed['failedReason']).toBe(`child ${key} failed`);
      expect(ran.values).toEqual([]);
      expect(await queue.getJobState('p')).toBe('failed');
    });

    check('failParentOnFailure: a parent that is delayed fails at once', async (bench) => {
      const { queue, children, hand } = await family(
        bench,
        { continueParentOnFailure: true },
        { delay: 600_000 },
        { failParentOnFailure: true },
      );
      const log = await bench.events();
      await hand.fail();
      expect(await queue.getJobState('p')).toBe('delayed');
      await hand.fail();
      const { ran } = bench.worker();
      const failed = await log.find('failed', { jobId: 'p' });
      expect(failed['failedReason']).toBe(`child ${children.qualifiedName}:b failed`);
      expect(ran.values).toEqual([]);
    });

    check('failParentOnFailure: the parent knows which child failed', async (bench) => {
      const { job, hand, key } = await family(bench, { failParentOnFailure: true });
      const log = await bench.events();
      await hand.fail();
      bench.worker();
      await log.find('failed', { jobId: 'p' });
      expect((await job.getDependencies()).failed).toEqual([key]);
      expect(await job.getDependenciesCount()).toMatchObject({ failed: 1, unprocessed: 1 });
    });

    check('failParentOnFailure: fails grandparents too', async (bench) => {
      const log = await bench.events();
      const node = (name: string, children?: object[]) => ({
        name,
        queueName: bench.name,
        opts: { jobId: name, failParentOnFailure: true },
        children,
      });
      const leaf = { ...node('leaf'), queueName: bench.also('leaves') };
      await bench.flows().add(node('root', [node('middle', [leaf])]) as FlowJob);
      bench.worker();
      await bench.hand({}, bench.also('leaves')).fail();
      const key = bench.queue().qualifiedName;
      expect((await log.find('failed', { jobId: 'root' }))['failedReason']).toBe(
        `child ${key}:middle failed`,
      );
    });

    check('failParentOnFailure: does not fail a grandparent that was not asked for', async (bench) => {
      const log = await bench.events();
      await bench.flows().add({
        name: 'root',
        queueName: bench.name,
        opts: { jobId: 'root' },
        children: [
          {
            name: 'middle',
            queueName: bench.name,
            opts: { jobId: 'middle' },
            children: [
              {
                name: 'leaf',
                queueName: bench.also('leaves'),
                opts: { jobId: 'leaf', failParentOnFailure: true },
              },
            ],
          },
        ],
      });
      bench.worker();
      await bench.hand({}, bench.also('leaves')).fail();
      await log.find('failed', { jobId: 'middle' });
      expect(await bench.queue().getJobState('root')).toBe('waiting-children');
    });

    check('ignoreDependencyOnFailure: the parent runs once nothing is pending', async (bench) => {
      const { job, queue, hand, key } = await family(bench, { ignoreDependencyOnFailure: true });
      await hand.fail(new Error('never mind'));
      expect(await queue.getJobState('p')).toBe('waiting-children');
      await hand.complete('b');
      expect(await queue.getJobState('p')).toBe('waiting');
      expect(await job.getIgnoredChildrenFailures()).toEqual({ [key]: 'never mind' });
      expect(Object.values(await job.getChildrenValues())).toEqual(['b']);
    });

    check('removeDependencyOnFailure: the parent forgets the child', async (bench) => {
      const { job, queue, hand } = await family(bench, { removeDependencyOnFailure: true });
      await hand.fail();
      expect(await queue.getJobState('p')).toBe('waiting-children');
      await hand.complete('b');
      expect(await queue.getJobState('p')).toBe('waiting');
      expect(await job.getIgnoredChildrenFailures()).toEqual({});
      const counts = await job.getDependenciesCount();
      expect(counts).toEqual({ failed: 0, ignored: 0, processed: 1, unprocessed: 0 });
    });

    check('removeDependencyOnFailure: the last child releases the parent', async (bench) => {
      const { queue, hand, children } = await family(bench, { removeDependencyOnFailure: true });
      await children.remove('b');
      await hand.fail();
      expect(await queue.getJobState('p')).toBe('waiting');
    });

    check('continueParentOnFailure: the parent runs at once', async (bench) => {
      const { job, queue, parents, hand, key } = await family(bench, { continueParentOnFailure: true });
      await hand.fail(new Error('go on'));
      expect(await queue.getJobState('p')).toBe('waiting');
      expect((await parents.take()).id).toBe('p');
      expect(await job.getIgnoredChildrenFailures()).toEqual({ [key]: 'go on' });
    });

    check('continueParentOnFailure: the parent clears away the others', async (bench) => {
      const { parents, hand, children } = await family(bench, { continueParentOnFailure: true });
      await hand.fail();
      const running = await parents.take();
      await running.removeUnprocessedChildren();
      expect(await children.getJob('b')).toBeUndefined();
      expect(await children.getJob('a')).toBeDefined();
      await running.moveToCompleted('done', 'token', false);
      expect(await running.getState()).toBe('completed');
    });

    check('continueParentOnFailure: releases the parent only once', async (bench) => {
      const { queue, parents, hand } = await family(bench, { continueParentOnFailure: true });
      const log = await bench.events();
      await hand.fail();
      await hand.complete('b');
      expect(await parents.drain()).toEqual(['p']);
      await log.find('active', { jobId: 'p' });
      expect(log.seen('waiting', { jobId: 'p' })).toBe(1);
      expect(await queue.getWaitingCount()).toBe(0);
    });

    check('does not complete a parent whose child failed while it ran', async (bench) => {
      const queue = bench.queue();
      await queue.add('parent', {}, { jobId: 'p' });
      const job = await bench.hand().take();
      await bench
        .queue({}, bench.also('children'))
        .add('c', {}, { parent: { id: 'p', queue: queue.qualifiedName }, failParentOnFailure: true });
      await bench.hand({}, bench.also('children')).fail();
      await expect(job.moveToCompleted(1, 'token', false)).rejects.toMatchObject({
        message: expect.stringMatching(
          /^Cannot complete job p because it has at least one failed child/,
        ) as string,
        code: -9,
      });
      await expect(job.moveToWaitingChildren('token')).rejects.toMatchObject({ code: -9 });
    });

    for (const option of ['ignoreDependencyOnFailure', 'failParentOnFailure'] as const) {
      check(`${option}: a retried child is pending again`, async (bench) => {
        const { job, hand, children, key } = await family(bench, { [option]: true });
        await hand.fail();
        await (await children.getJob('a'))?.retry();
        const dependencies = await job.getDependencies();
        expect(dependencies.unprocessed?.sort()).toEqual([key, `${children.qualifiedName}:b`].sort());
        expect(await job.getDependenciesCount()).toMatchObject({ failed: 0, ignored: 0, unprocessed: 2 });
      });
    }

    check('a completed child that is retried is pending again', async (bench) => {
      const { job, hand, children } = await family(bench, {});
      await hand.complete('first');
      await (await children.getJob('a'))?.retry('completed');
      expect(await job.getDependenciesCount()).toMatchObject({ processed: 0, unprocessed: 2 });
      expect(await job.getChildrenValues()).toEqual({});
    });
  });
};
