// A queue that is closed answers what was handed over before, also reports and claims that wait for their turn.
import { startRedis, type OwnRedis } from '../../../tests/support/redis.js';
import { waitFor } from '../../../tests/support/wait.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();
const job = (id: string) => ({ id, opts: {}, attemptsMade: 0 }) as never;
// More than two calls take: the rest waits in the process for an answer.
const ids = Array.from({ length: 350 }, (_, at) => `job-${at}`);

async function filled(options = {}): Promise<Stand> {
  const stand = open(options);
  await stand.queue.addBulk(ids.map((jobId) => ({ name: 't', data: {}, opts: { jobId } })));
  return stand;
}

it('answers all claims', async () => {
  const stand = await filled();
  const service = stand.newService();
  await service.health();
  const claims = ids.map((id) => service.backend.moveToActive(`of ${id}`));
  await service.close();
  expect((await Promise.all(claims)).map(([, id]) => id)).toEqual(ids);
});

it('answers all reports', async () => {
  const stand = await filled();
  await Promise.all(ids.map(() => stand.claim()));
  const service = stand.newService();
  await service.health();
  const reports = ids.map((id) => service.backend.moveToCompleted(job(id), 1, false, 'token', false));
  await service.close();
  await Promise.all(reports);
  expect(await stand.redis.zcard(stand.key('completed'))).toBe(ids.length);
});

it('waits for nothing when it is forced, and tells those that wait', async () => {
  const stand = await filled();
  const { backend } = stand.newService();
  await backend.waitUntilReady();
  const claims = ids.map((id) => backend.moveToActive(`of ${id}`).catch((error: Error) => error.message));
  await backend.close(true);
  const outcomes = await Promise.all(claims);
  expect(outcomes.at(-1)).toMatch(/closed/);
});

describe('while Redis is away', () => {
  let own: OwnRedis;
  beforeAll(async () => (own = await startRedis()));
  afterAll(() => own.remove());

  it.each([
    ['killed', () => own.kill()],
    ['hanging', async () => own.pause()],
  ])('(%s) it does not wait for it, and tells those that wait', async (_, harm) => {
    const stand = await filled({ url: own.url, prefix: undefined });
    const service = stand.newService();
    await service.health();
    await harm();
    const claims = ids.map((id) => service.backend.moveToActive(`of ${id}`).catch((error: Error) => error));
    let closed = false;
    const closing = service.close().finally(() => (closed = true));
    await waitFor(() => closed, { what: 'the close to end' });
    await closing;
    for (const outcome of await Promise.all(claims)) expect(outcome).toBeInstanceOf(Error);
    await own.restart();
  });
});
