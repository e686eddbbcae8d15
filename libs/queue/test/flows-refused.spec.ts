// Flows that must not be added: all that is wrong is found before anything is written.
import type { FlowJob } from 'bullmq';
import { addFamily, family, jobKeys, producerOf } from './support/flow.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

describe('a flow with something wrong in it', () => {
  const flow = (stand: Stand, bad: Partial<FlowJob>): FlowJob => ({
    ...family(stand, ['a']),
    children: [
      { name: 'part', queueName: 'jobs', opts: { jobId: 'a' } },
      { name: 'part', queueName: 'parts', opts: { jobId: 'b' }, ...bad },
      { name: 'part', queueName: 'jobs', opts: { jobId: 'c' } },
    ],
  });

  it.each<[string, Partial<FlowJob>, string]>([
    ['an id with a control character', { opts: { jobId: 'b\n' } }, 'INVALID_JOB_ID'],
    ['an id that is too long', { opts: { jobId: 'b'.repeat(600) } }, 'INVALID_JOB_ID'],
    ['an id with half a character', { opts: { jobId: 'b\ud83d' } }, 'INVALID_JOB_ID'],
    ['a payload that is too large', { data: 'x'.repeat(2 * 1024 * 1024) }, 'PAYLOAD_TOO_LARGE'],
    ['no type', { name: '' }, 'INVALID_OPTION'],
    ['a type with a control character', { name: 'a\u0000' }, 'INVALID_OPTION'],
    ['a type with half a character', { name: 'a\ud83d' }, 'INVALID_OPTION'],
    ['a delay that never ends', { opts: { jobId: 'b', delay: 1e15 } }, 'DELAY_OUT_OF_RANGE'],
    ['a queue that cannot be', { queueName: 'worker' }, 'INVALID_QUEUE_NAME'],
  ])('(%s) adds nothing at all', async (_, bad, code) => {
    const stand = open();
    await expect(producerOf(stand).add(flow(stand, bad))).rejects.toMatchObject({ code });
    expect(await stand.redis.keys(`${stand.prefix}:*`)).toEqual([]);
  });

  it.each(['queue', 'ids', 'waiting-children', 'events'])(
    '(a list at <p>%s of one of its queues) adds nothing, and the error names the key',
    async (name) => {
      const stand = open();
      const key = `${stand.prefix}:parts:${name}`;
      await stand.redis.rpush(key, 'not it');
      await expect(producerOf(stand).add(flow(stand, {}))).rejects.toMatchObject({
        code: 'WRONG_KEY_TYPE',
        key,
      });
      expect(await stand.redis.keys(`${stand.prefix}:*`)).toEqual([key]);
    },
  );

  it.each(['status', 'data', 'results'])(
    '(a list at <p>%s:<id> of one of its jobs) adds nothing, and the error names the key',
    async (name) => {
      const stand = open();
      const key = `${stand.prefix}:parts:${name}:b`;
      await stand.redis.rpush(key, 'not it');
      await expect(producerOf(stand).add(flow(stand, {}))).rejects.toMatchObject({
        code: 'WRONG_KEY_TYPE',
        key,
      });
      expect(await stand.redis.keys(`${stand.prefix}:*`)).toEqual([key]);
    },
  );

  it.each(['pending', 'processed'])(
    '(a text at <p>%s:<id> of its parent) adds nothing, and the error names the key',
    async (name) => {
      const stand = open();
      await stand.redis.set(stand.key(`${name}:parent`), 'not it');
      await expect(addFamily(stand)).rejects.toMatchObject({
        code: 'WRONG_KEY_TYPE',
        key: stand.key(`${name}:parent`),
      });
      expect(await jobKeys(stand)).toEqual([`${name}:parent`]);
    },
  );

  it('(a parent of it all that does not exist) adds nothing at all', async () => {
    const stand = open();
    const whole = family(stand, ['a', 'b'], {
      parent: { parent: { id: 'gone', queue: `${stand.prefix}:jobs` } },
    });
    await expect(producerOf(stand).add(whole)).rejects.toMatchObject({ code: -5 });
    expect(await jobKeys(stand)).toEqual([]);
  });

  it.each([
    ['queue', { id: 'other', queue: 'a\ud83d:jobs' }],
    ['id', { id: 'x\ud83d', queue: 'a:jobs' }],
  ])('(a parent whose %s has half a character) adds nothing, with a typed error', async (_, parent) => {
    const stand = open();
    const whole = family(stand, ['a'], { parent: { parent } });
    await expect(producerOf(stand).add(whole)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(await jobKeys(stand)).toEqual([]);
  });

  it('(too many jobs) adds nothing, and one as large as may be is added at once', async () => {
    const stand = open();
    const ids = Array.from({ length: 10_000 }, (_, nth) => `c${nth}`);
    await expect(addFamily(stand, ids)).rejects.toMatchObject({ code: 'FLOW_TOO_LARGE' });
    expect(await jobKeys(stand)).toEqual([]);
    await addFamily(stand, ids.slice(1));
    expect(await stand.redis.scard(stand.key('pending:parent'))).toBe(9999);
    const parent = await stand.queue.getJob('parent');
    await parent?.remove({ removeChildren: true });
    expect(await jobKeys(stand)).toEqual([]);
  });
});
