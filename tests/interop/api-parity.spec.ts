import { waitFor } from '../support/wait.js';
import type { GoWatch } from './support/go-watch.js';
import { describeWithGo } from './support/legacy-build.js';
import type { LegacyGo } from './support/legacy-go.js';
import { useStand, type Stand } from './support/stand.js';
import type { TsSide } from './support/ts-side.js';

type Service = TsSide['service'];

/** The text of the error that `call` ends with. */
const errorOf = (call: Promise<unknown>) =>
  call.then(
    () => 'no error',
    (error: Error) => error.message,
  );

const contractEvents = ['job_added', 'status_updated', 'job_completed', 'job_failed', 'job_cancelled'];

/** The contract's messages about one job as they came over the wire, with the time and the id masked. */
async function wireOf(watch: GoWatch, id: string, last: string): Promise<string[]> {
  await watch.waitForEvent(id, last);
  return watch.messages
    .filter(({ job_id, event }) => job_id === id && contractEvents.includes(event))
    .map(({ raw }) => raw.replace(/"timestamp":\d{10}(?=})/, '"timestamp":T').replaceAll(`"${id}"`, '"ID"'));
}

describeWithGo('QueueService and Go', () => {
  const open = useStand();

  describe('say the same of the same state', () => {
    /** Two pending jobs, one running, one completed with a result, one failed, one cancelled. */
    async function furnished(): Promise<Stand> {
      const stand = open();
      const { go, ts } = stand;
      await go.add({ id: 'done', priority: 2 });
      await go.dequeue();
      await go.saveResult('done', { list: [], text: 'ü', none: null });
      await go.complete('done');
      await ts.service.addJob({ id: 'broken', priority: 2 });
      await go.dequeue();
      await go.fail('broken');
      await ts.service.addJob({ id: 'stopped' });
      await ts.service.cancelJob('stopped');
      await ts.service.addJob({ id: 'busy', priority: 'high' });
      await ts.service.dequeueJob();
      await go.add({ id: 'second', priority: 0, amount: 2, username: 'ada' });
      await ts.service.addJob({ id: 'first', priority: 'normal', count: 1 });
      return stand;
    }

    const questions: [string, (go: LegacyGo) => Promise<unknown>, (service: Service) => Promise<unknown>][] =
      [
        ['the length', (go) => go.length(), (service) => service.getQueueLength()],
        ['the number of running jobs', (go) => go.processing(), (service) => service.getProcessingCount()],
        ['that a job runs', (go) => go.isProcessing('busy'), (service) => service.isJobProcessing('busy')],
        [
          'that a job does not run',
          (go) => go.isProcessing('first'),
          (service) => service.isJobProcessing('first'),
        ],
        ['a result', (go) => go.result('done'), (service) => service.getJobResult('done')],
        [
          'the pending jobs, in order',
          async (go) => (await go.pending()).map(({ id, priority, status }) => ({ id, priority, status })),
          async (service) =>
            (await service.getPendingJobs()).map(({ id, priority, status }) => ({ id, priority, status })),
        ],
      ];

    it.each(questions)('%s', async (_, askGo, askTs) => {
      const { go, ts } = await furnished();
      const answer = await askGo(go);
      expect(answer).not.toBeUndefined();
      expect(await askTs(ts.service)).toEqual(answer);
    });

    it.each([
      ['done', 'completed'],
      ['broken', 'failed'],
      ['stopped', 'cancelled'],
      ['busy', 'running'],
      ['first', 'pending'],
      ['second', 'pending'],
    ])('the status of "%s": %s', async (id, status) => {
      const { go, ts } = await furnished();
      expect(await go.status(id)).toBe(status);
      expect(await ts.service.getJobStatus(id)).toBe(status);
    });

    it('the statistics', async () => {
      const { go, ts } = await furnished();
      const stats = {
        queue_length: 2,
        processing_count: 1,
        high_priority: 0,
        normal_priority: 1,
        low_priority: 1,
      };
      expect(await ts.service.getQueueStats()).toEqual({ ...stats, ttl_seconds: 3600 });
      // Go's bands overlap at their borders, so it is right about a job of Go once Drover has placed it.
      await waitFor(async () => (await go.stats()).low_priority === 1, { what: "Go's jobs being placed" });
      expect(await go.stats()).toEqual({ ...stats, ttl_seconds: 3600 });
    });

    it('the fields of a pending job', async () => {
      const { go, ts } = await furnished();
      const ofGo = (await go.pending()).find(({ id }) => id === 'second')!;
      const ofTs = (await ts.service.getPendingJobs()).find(({ id }) => id === 'second')!;
      expect(ofTs).toMatchObject({ ...ofGo });
      expect(ofTs).toMatchObject({ count: 2, username: 'ada' });
    });

    it('that Redis answers', async () => {
      const { go, ts } = open();
      await expect(go.health()).resolves.toBeUndefined();
      await expect(ts.service.health()).resolves.toBeUndefined();
    });

    it.each(['processing', 'running'])('that the status "%s" is running', async (spelling) => {
      const { go, ts, redis, key } = open();
      await ts.service.addJob({ id: 'a' });
      await go.dequeue();
      await redis.set(key('status:a'), spelling);
      expect(await go.status('a')).toBe('running');
      expect(await ts.service.getJobStatus('a')).toBe('running');
    });

    it.each(['Go', 'TypeScript'])('that nothing is pending after ClearQueue by %s', async (side) => {
      const { go, ts } = open();
      await ts.service.addJob({ id: 'a' });
      await go.add({ id: 'b' });
      await (side === 'Go' ? go.clear() : ts.service.clearQueue());
      expect([await go.length(), await ts.service.getQueueLength()]).toEqual([0, 0]);
      expect([await go.pending(), await ts.service.getPendingJobs()]).toEqual([[], []]);
    });

    it.each(['Go', 'TypeScript'])('that nothing runs after ClearProcessing by %s', async (side) => {
      const { go, ts } = open();
      await ts.service.addJob({ id: 'a' });
      await ts.service.dequeueJob();
      await (side === 'Go' ? go.clearProcessing() : ts.service.clearProcessing());
      expect([await go.processing(), await ts.service.getProcessingCount()]).toEqual([0, 0]);
      expect([await go.isProcessing('a'), await ts.service.isJobProcessing('a')]).toEqual([false, false]);
    });
  });

  describe('fail with the same words', () => {
    const mistakes: [string, (go: LegacyGo) => Promise<unknown>, (service: Service) => Promise<unknown>][] = [
      ['job ID cannot be empty', (go) => go.add({ id: '' }), (service) => service.addJob({ id: '' })],
      ['job ID cannot be empty', (go) => go.status(''), (service) => service.getJobStatus('')],
      [
        'job ID cannot be empty',
        (go) => go.updateStatus('', 'failed'),
        (s) => s.updateJobStatus('', 'failed'),
      ],
      ['job ID cannot be empty', (go) => go.complete(''), (service) => service.completeJob('')],
      ['job ID cannot be empty', (go) => go.fail(''), (service) => service.failJob('')],
      ['job ID cannot be empty', (go) => go.cancel(''), (service) => service.cancelJob('')],
      ['job ID cannot be empty', (go) => go.saveResult('', 1), (service) => service.saveJobResult('', 1)],
      ['job ID cannot be empty', (go) => go.result(''), (service) => service.getJobResult('')],
      [
        'invalid job status: lost',
        (go) => go.updateStatus('a', 'lost'),
        (service) => service.updateJobStatus('a', 'lost' as 'failed'),
      ],
      [
        'invalid job status: ',
        (go) => go.updateStatus('a', ''),
        (service) => service.updateJobStatus('a', '' as 'failed'),
      ],
      ['job status not found', (go) => go.status('nobody'), (service) => service.getJobStatus('nobody')],
      ['job result not found', (go) => go.result('nobody'), (service) => service.getJobResult('nobody')],
    ];

    it.each(mistakes)('%s', async (text, askGo, askTs) => {
      const { go, ts, redis, key } = open();
      expect(await errorOf(askGo(go))).toBe(text);
      expect(await errorOf(askTs(ts.service))).toBe(text);
      expect(await redis.exists(key('queue'), key('status:a'), key('status:'), key('data:'))).toBe(0);
    });
  });

  describe('send the same bytes on the updates channel', () => {
    type Doing<Side> = (side: Side, id: string) => Promise<unknown>;
    const operations: [string, string, Doing<LegacyGo>, Doing<Service>][] = [
      [
        'AddJob',
        'job_added',
        (go, id) => go.add({ id, priority: 2 }),
        (s, id) => s.addJob({ id, priority: 2 }),
      ],
      ['CompleteJob', 'job_completed', (go, id) => go.complete(id), (service, id) => service.completeJob(id)],
      ['FailJob', 'job_failed', (go, id) => go.fail(id), (service, id) => service.failJob(id)],
      [
        'FailJob with requeue',
        'job_added',
        (go, id) => go.failRequeue(id),
        (service, id) => service.failJob(id, { requeue: true }),
      ],
      ['CancelJob', 'job_cancelled', (go, id) => go.cancel(id), (service, id) => service.cancelJob(id)],
    ];
    it.each(operations)('in %s', async (operation, last, doGo, doTs) => {
      const { go, ts } = open();
      if (operation !== 'AddJob') {
        for (const id of ['of-go', 'of-ts']) await ts.service.addJob({ id });
        await ts.service.dequeueJob();
        await ts.service.dequeueJob();
      }
      const watch = await go.watch();

      await doGo(go, 'of-go');
      await doTs(ts.service, 'of-ts');

      const ofGo = await wireOf(watch, 'of-go', last);
      expect(ofGo).toHaveLength(operation === 'FailJob with requeue' ? 3 : 2);
      expect(await wireOf(watch, 'of-ts', last)).toEqual(ofGo);
    });

    it('in DequeueJob', async () => {
      const { go, ts } = open();
      await ts.service.addJob({ id: 'of-go' });
      await ts.service.addJob({ id: 'of-ts' });
      const watch = await go.watch();

      await go.dequeue();
      await ts.service.dequeueJob();

      const ofGo = await wireOf(watch, 'of-go', 'status_updated');
      expect(ofGo).toEqual([
        '{"data":{"job_id":"ID","status":"running"},"event":"status_updated","job_id":"ID","timestamp":T}',
      ]);
      expect(await wireOf(watch, 'of-ts', 'status_updated')).toEqual(ofGo);
    });

    it('with the time in whole seconds', async () => {
      const { go, ts, redis } = open();
      const watch = await go.watch();
      const before = Number((await redis.time())[0]);
      await ts.service.addJob({ id: 'a' });
      const { timestamp } = await watch.waitForEvent('a', 'job_added');
      expect(timestamp).toBeGreaterThanOrEqual(before - 1);
      expect(timestamp).toBeLessThanOrEqual(Number((await redis.time())[0]) + 1);
    });
  });
});
