// Jobs that are asked for at the same time are read together.
import { startRedis, type OwnRedis } from '../../../tests/support/redis.js';
import { recordCalls } from './support/calls.js';
import { useStand, type Stand } from './support/stand.js';

let own: OwnRedis;
beforeAll(async () => (own = await startRedis({ persistent: false })));
afterAll(() => own.remove());

const openStand = useStand();
const open = () => openStand({ url: own.url });
const numbered = (count: number) => Array.from({ length: count }, (_, at) => `job-${at}`);
const findAll = (stand: Stand, ids: readonly string[]) =>
  Promise.all(ids.map((id) => stand.backend.reading.find(id)));

it('many in few calls, each with its own answer', async () => {
  const stand = open();
  const ids = numbered(100);
  await Promise.all(ids.map((id) => stand.service.addJob({ id })));
  const calls = await recordCalls(stand);
  const found = await findAll(stand, [...ids, 'nobody', 'job-7']);
  const made = (await calls()).filter((name) => name === 'getJobs');
  expect(found.map((job) => job?.id)).toEqual([...ids, undefined, 'job-7']);
  expect(found.slice(0, 100).map((job) => job?.rank)).toEqual(ids.map((_, at) => at));
  expect(made.length).toBeLessThan(20);
});

it('large ones in several calls, so that none holds Redis for long', async () => {
  const stand = open();
  const ids = numbered(8);
  const text = 'x'.repeat(200_000);
  await Promise.all(ids.map((id) => stand.service.addJob({ id, text })));
  const calls = await recordCalls(stand);
  const found = await findAll(stand, ids);
  expect(found.map((job) => job?.document?.includes(text))).toEqual(ids.map(() => true));
  expect((await calls()).filter((name) => name === 'getJobs').length).toBeGreaterThanOrEqual(4);
});

it('one whose key another service has broken concerns no other', async () => {
  const stand = open();
  const ids = numbered(3);
  await Promise.all(ids.map((id) => stand.service.addJob({ id })));
  await stand.redis.del(stand.key('data:job-1'));
  await stand.redis.hset(stand.key('data:job-1'), 'not', 'a string');
  const found = await findAll(stand, ids);
  expect(found.map((job) => job?.document !== undefined)).toEqual([true, false, true]);
});
