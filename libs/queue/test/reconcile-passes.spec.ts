// Reconcilers and their passes: jobs nobody ever saw, several processes, hostile messages.
import { Redis } from 'ioredis';
import { watchCommands } from '../../../tests/support/commands.js';
import { startRedis, type OwnRedis } from '../../../tests/support/redis.js';
import { waitFor } from '../../../tests/support/wait.js';
import { PLACES } from './support/keyspace.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

const becomes = (stand: Stand, id: string, place: keyof typeof PLACES) =>
  waitFor(async () => JSON.stringify(await stand.standing(id)) === JSON.stringify(PLACES[place]), {
    what: `${id} to be ${place}`,
  });

const own: OwnRedis[] = [];
async function ownRedis(): Promise<OwnRedis> {
  const redis = await startRedis();
  own.push(redis);
  return redis;
}

afterEach(async () => {
  await Promise.all(own.splice(0).map((redis) => redis.remove()));
});

describe('a job that Drover never saw', () => {
  it('added and popped by a crashed worker is found and put back, at its own priority', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'low', priority: 0 });
    await stand.redis.zpopmin(stand.key('queue'));
    await stand.legacy.add({ id: 'normal' });
    stand.newReconciler().start();
    await becomes(stand, 'low', 'pending');
    expect(await stand.queued()).toEqual(['normal', 'low']);
    expect(await stand.service.jobs.get('low')).toMatchObject({
      priority: 0,
      status: 'pending',
      legacy: true,
    });
  });

  it('is found among many keys of other queues', async () => {
    const redis = await ownRedis();
    const stand = open({ url: redis.url });
    const many = Array.from({ length: 30_000 }, (_, at) => [
      `${stand.prefix}:other:status:${at}`,
      'x',
    ]).flat();
    await stand.redis.mset(...many);
    await stand.legacy.add({ id: 'a' });
    await stand.redis.zpopmin(stand.key('queue'));
    stand.newReconciler().start();
    await becomes(stand, 'a', 'pending');
  });

  it('running when its lease ends is put back at its own priority', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'low', priority: 0 });
    await stand.legacy.dequeue();
    stand.newReconciler().start();
    await becomes(stand, 'low', 'running');
    await stand.legacy.add({ id: 'normal' });
    await stand.endLease('low');
    await becomes(stand, 'low', 'pending');
    expect(await stand.claimAll()).toEqual(['normal', 'low']);
  });

  it.each(['complete', 'fail', 'cancel'] as const)(
    'and retried after legacy ended it (%s) keeps its priority',
    async (end) => {
      const stand = open();
      await stand.legacy.add({ id: 'low', priority: 0 });
      await stand.legacy.dequeue();
      await stand.legacy[end]('low');
      await stand.service.jobs.retry('low');
      await stand.service.addJob({ id: 'normal' });
      expect(await stand.claimAll()).toEqual(['normal', 'low']);
    },
  );

  it('taken by QueueService by status alone and given back keeps its priority', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'low', priority: 0 });
    await stand.service.updateJobStatus('low', 'running');
    await stand.service.updateJobStatus('low', 'pending');
    await stand.service.addJob({ id: 'normal' });
    expect(await stand.claimAll()).toEqual(['normal', 'low']);
  });
});

describe('several reconcilers', () => {
  it('make one pass each interval together', async () => {
    // In a Redis with few keys, each pass looks for unknown jobs with one SCAN.
    const redis = await ownRedis();
    const stand = open({ url: redis.url });
    const client = new Redis(stand.url);
    stand.keep({ close: async () => client.disconnect() });
    let scans = 0;
    const watch = await watchCommands(client, ([command = '', , , pattern = '']) => {
      if (/^scan$/i.test(command) && pattern.startsWith(stand.base)) scans += 1;
    });
    stand.keep(watch);
    const started = Date.now();
    for (let nth = 0; nth < 4; nth++) stand.newReconciler({ intervalSeconds: 0.3 }).start();
    await waitFor(() => scans >= 4);
    expect(scans).toBeLessThanOrEqual((Date.now() - started) / 250 + 2);
  });

  it('put a dropped job back once', async () => {
    const stand = open();
    for (let nth = 0; nth < 3; nth++) stand.newReconciler({ watch: true }).start();
    for (const id of ['a', 'b']) await stand.legacy.add({ id });
    await stand.redis.zpopmin(stand.key('queue'), 2);
    await becomes(stand, 'a', 'pending');
    await becomes(stand, 'b', 'pending');
    // It is said at the end of a pass.
    const said = () => stand.log.matching(/was dropped by a legacy service/);
    await waitFor(() => said().length >= 2);
    expect(said()).toHaveLength(2);
    expect((await stand.queue.getJob('a'))?.stalledCounter).toBe(1);
  });

  it('are not stopped by messages that are none', async () => {
    const stand = open();
    stand.newReconciler({ watch: true, intervalSeconds: 3600 }).start();
    await waitFor(async () => Number((await stand.redis.pubsub('NUMSUB', stand.key('updates')))[1]) === 1);
    for (const id of ['"\\q"', '"\n"', '5', '{}', '"', '"\\ud800"']) {
      await stand.redis.publish(stand.key('updates'), `{"event":"job_added","job_id":${id}}`);
    }
    await stand.legacy.add({ id: 'a' });
    await waitFor(async () => (await stand.redis.pttl(stand.key('queue'))) === -1);
  });

  it('may be closed twice, before the first pass and without a start', async () => {
    const stand = open();
    const started = stand.newReconciler();
    started.start();
    await started.close();
    await started.close();
    await stand.newReconciler().close();
  });
});
