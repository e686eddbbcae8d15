// Deduplication that cannot be kept is refused before anything is written; foreign keys in its way stop nobody.
import { jobKeys, statusIs } from './support/flow.js';
import { useStand } from './support/stand.js';

const open = useStand();

describe('options that cannot be kept', () => {
  it.each([
    ['a fraction of a millisecond', { ttl: 1.5 }],
    ['no time at all', { ttl: Number.NaN }],
    ['a time that never ends', { ttl: Number.POSITIVE_INFINITY }],
    ['a time beyond all calendars', { ttl: 1e30 }],
    ['a time before now', { ttl: -1 }],
    ['half a character for an id', { id: 'x\ud83d' }],
    ['an id that is a number', { id: 5 as never }],
  ])('such as %s are refused with a typed error before anything is added', async (_, bad) => {
    const stand = open();
    const job = (jobId: string, options: object) => ({ name: 't', data: {}, opts: { jobId, ...options } });
    await expect(
      stand.queue.addBulk([job('good', {}), job('bad', { deduplication: { id: 'one', ...bad } })]),
    ).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(await jobKeys(stand)).toEqual([]);
  });

  it.each(['deduplication', 'successor'])(
    'a wrong type at <p>%s:<id> is named, nothing of that job is written, and the others are added',
    async (name) => {
      const stand = open();
      await stand.redis.hset(stand.key(`${name}:one`), 'not', 'it');
      await expect(
        stand.queue.addBulk([
          { name: 't', data: {}, opts: { jobId: 'good' } },
          { name: 't', data: {}, opts: { jobId: 'bad', deduplication: { id: 'one' } } },
        ]),
      ).rejects.toMatchObject({ code: 'WRONG_KEY_TYPE', key: stand.key(`${name}:one`) });
      expect(await jobKeys(stand)).toEqual([`${name}:one`, 'data:good', 'status:good'].sort());
    },
  );

  it('a wrong type there does not stop the holder from ending, nor its worker', async () => {
    for (const name of ['deduplication', 'successor']) {
      const stand = open();
      await stand.queue.add(
        't',
        {},
        { jobId: 'first', deduplication: { id: 'one', keepLastIfActive: true } },
      );
      await stand.redis.del(stand.key(`${name}:one`));
      await stand.redis.hset(stand.key(`${name}:one`), 'not', 'it');
      const { ids } = stand.newWorker();
      await statusIs(stand, 'first', 'completed');
      await stand.service.addJob({ id: 'after' });
      await statusIs(stand, 'after', 'completed');
      expect(ids()).toEqual(['first', 'after']);
    }
  });
});
