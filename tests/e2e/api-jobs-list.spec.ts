// GET /api/jobs: filters, and pages by cursor while jobs come and go.
import { jobPageSchema, type JobView } from '#libs/contracts';
import { QueueService, TypeLimits } from '#libs/queue';
import { expectProblem, TestApi } from './api-client.js';

let api: TestApi;
let queue: QueueService;

beforeAll(async () => {
  api = await TestApi.start();
  queue = api.app.get(QueueService);
});

beforeEach(() => api.clear());

afterAll(() => api.close());

const idsOf = (items: JobView[]) => items.map(({ id }) => id);

async function page(query: string): Promise<{ ids: string[]; next?: string; isPartial?: boolean }> {
  const { status, body } = await api.get(`/api/jobs?${query}`);
  expect(status).toBe(200);
  expect(jobPageSchema.parse(body)).toEqual(body);
  return { ids: idsOf(body.items), next: body.nextCursor, isPartial: body.isPartial };
}

/** All pages to the end. `between` runs after each page. */
async function pages(query: string, between: (ids: string[]) => Promise<unknown> = () => Promise.resolve()) {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const { ids, next } = await page(cursor ? `${query}&cursor=${cursor}` : query);
    found.push(...ids);
    await between(ids);
    cursor = next;
  } while (cursor);
  return found;
}

/** Jobs that were all created in the same millisecond, as a bulk is. */
async function bulk(count: number, job: object = {}): Promise<string[]> {
  const jobs = Array.from({ length: count }, (_, n) => ({ type: 'test.job', id: `job-${n}`, ...job }));
  const { body } = await api.post('/api/jobs/bulk', { jobs });
  return body.ids;
}

async function end(id: string, how: 'completed' | 'failed' | 'cancelled', error = 'boom'): Promise<void> {
  if (how === 'completed') await queue.completeJob(id);
  else if (how === 'failed') await queue.failJob(id, { error });
  else await queue.cancelJob(id);
}

describe('pages by cursor', () => {
  it('hold each job once, the newest first, also of one millisecond', async () => {
    const ids = await bulk(95);
    const found = await pages('limit=10');
    expect(found).toHaveLength(95);
    expect(new Set(found)).toEqual(new Set(ids));
    await api.create({ id: 'newer' });
    expect((await page('limit=1')).ids).toEqual(['newer']);
  });

  it('end with the last job: no empty page follows', async () => {
    await bulk(10);
    expect((await page('limit=10')).next).toBeUndefined();
  });

  it('lose none and double none while jobs come, end and go', async () => {
    const ids = await bulk(60);
    let number = 0;
    const gone: string[] = [];
    const known = new Set<string>();
    const found = await pages('limit=7', async (seen) => {
      await api.create({ id: `new-${number++}` });
      // The job the cursor names, and one that was not seen yet.
      const last = seen.at(-1) as string;
      await api.act(last, 'remove');
      const unseen = ids.find((id) => !known.has(id) && !seen.includes(id) && !gone.includes(id));
      seen.forEach((id) => known.add(id));
      if (unseen && number % 2) {
        gone.push(unseen);
        await api.act(unseen, 'remove');
      }
    });
    expect(new Set(found).size).toBe(found.length);
    expect(new Set([...found, ...gone])).toEqual(new Set(ids));
  });
  it('give pending jobs in the order they will run, delayed and parents last', async () => {
    await api.create({ id: 'delayed', delay: 60_000 });
    await api.create({ id: 'low', priority: 'low' });
    await api.create({ id: 'normal' });
    await api.create({ id: 'high', priority: 'high' });
    expect(await pages('status=pending&limit=1')).toEqual(['high', 'normal', 'low', 'delayed']);
  });

  it('go on in the queue while its head is taken', async () => {
    await bulk(20);
    const found = await pages('status=pending&limit=5', async () => {
      await queue.dequeueJob();
      await queue.dequeueJob();
    });
    expect(found).toEqual(Array.from({ length: 20 }, (_, n) => `job-${n}`));
  });

  it('give running jobs the newest first, though leases are extended meanwhile', async () => {
    await bulk(9);
    for (let n = 0; n < 9; n++) await queue.dequeueJob();
    const redis = await queue.backend.client();
    const leases = queue.backend.queueKeys.key('leases');
    const found = await pages('status=running&limit=2', async () => {
      await redis.zincrby(leases, 1000 * Math.random(), `job-${Math.floor(9 * Math.random())}`);
    });
    expect(found).toEqual(Array.from({ length: 9 }, (_, n) => `job-${8 - n}`));
  });

  it.each(['completed', 'failed', 'cancelled'] as const)(
    'give %s jobs by when they ended',
    async (status) => {
      await bulk(12);
      const order: string[] = [];
      for (let n = 0; n < 12; n++) {
        const { id } = (await queue.dequeueJob()) as { id: string };
        await end(id, n % 4 === 3 ? 'cancelled' : status);
        if (n % 4 !== 3 || status === 'cancelled') order.push(id);
      }
      const found = await pages(`status=${status}&limit=5`);
      expect(new Set(found)).toEqual(new Set(order));
      expect(found).toHaveLength(order.length);
      expect((await api.get(`/api/jobs?status=${status}`)).body.total).toBe(order.length);
    },
  );

  it.each([
    ['of another filter', 'limit=1&status=pending', 'limit=1'],
    ['of another queue', 'limit=1&queue=other', 'limit=1'],
    ['of another type', 'limit=1&type=a', 'limit=1&type=*'],
  ])('a cursor %s is refused', async (_name, other, own) => {
    await bulk(3);
    const { next } = await page(own);
    expect(next).toBeDefined();
    const answer = await api.get(`/api/jobs?${other}&cursor=${next}`);
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors[0].path).toBe('cursor');
  });

  it.each([
    'x',
    Buffer.from('{}').toString('base64url'),
    Buffer.from('null').toString('base64url'),
    Buffer.from('{"of":"","list":0,"score":"1","id":""}').toString('base64url'),
    'a'.repeat(2001),
    '%00',
  ])('a cursor that nobody gave is refused: %s', async (cursor) => {
    expectProblem(await api.get(`/api/jobs?cursor=${cursor}`), 400, 'INVALID_REQUEST');
  });

  it('a cursor that was changed by hand does no harm', async () => {
    await bulk(5);
    const { next = '' } = await page('limit=1');
    const place = JSON.parse(Buffer.from(next, 'base64url').toString());
    const send = (changed: object) =>
      api.get(
        `/api/jobs?limit=1&cursor=${Buffer.from(JSON.stringify({ ...place, ...changed })).toString('base64url')}`,
      );
    for (const changed of [
      { score: '1 2' },
      { score: '(1' },
      { list: -1 },
      { list: 1.5 },
      { id: 7 },
      { extra: 1 },
    ]) {
      expectProblem(await send(changed), 400, 'INVALID_REQUEST');
    }
    for (const changed of [
      { score: '-inf' },
      { score: 'inf' },
      { score: '1e300' },
      { list: 9 },
      { id: '\u0000' },
    ]) {
      expect((await send(changed)).status).toBe(200);
    }
  });
});

describe('filters', () => {
  beforeEach(async () => {
    const ada = await api.as({ name: 'ada' });
    await ada.create({ id: 'a', type: 'mail.send', tags: ['eu', 'x'], priority: 'high' });
    await api.create({ id: 'b', type: 'mail.receive', tags: ['eu'] });
    await api.create({ id: 'c', type: 'report', priority: 'low', delay: 60_000 });
    await api.create({ id: 'd', type: 'report.mail.pdf', tags: ['"creator":"ada"'] });
  });

  it.each([
    ['type=mail.*', 'ab'],
    ['type=mail.send', 'a'],
    ['type=*mail*', 'abd'],
    ['type=*.pdf', 'd'],
    ['type=m*l.*e', 'b'],
    ['type=*', 'abcd'],
    ['type=mail', ''],
    ['type=%25a', ''],
    ['creator=ada', 'a'],
    ['creator=admin', 'bcd'],
    ['tag=eu', 'ab'],
    ['tag=x', 'a'],
    ['tag=e', ''],
    ['priority=high', 'a'],
    ['priority=normal', 'bd'],
    ['priority=0', 'c'],
    ['priority=2', 'a'],
    ['priority=-5', ''],
    ['tag=eu&priority=high', 'a'],
    ['status=pending&tag=eu', 'ab'],
    ['status=pending&priority=normal', 'bd'],
    ['status=pending&type=report*', 'cd'],
    ['status=running&type=mail.*', ''],
    ['createdAfter=2020-01-01T00:00:00Z', 'abcd'],
    ['createdBefore=2020-01-01T00:00:00Z', ''],
    ['status=pending&createdAfter=2020-01-01T00:00:00%2B02:00', 'abcd'],
    ['status=pending&createdBefore=2020-01-01T00:00:00Z', ''],
  ])('?%s', async (query, expected) => {
    expect((await pages(`${query}&limit=2`)).sort().join('')).toBe(expected);
    const { body } = await api.get(`/api/jobs?${query}`);
    expect(idsOf(body.items).sort().join('')).toBe(expected);
    expect(body).toMatchObject({ total: expected.length });
  });

  it('a range of times holds the jobs created from its begin to before its end', async () => {
    const at = async (id: string) => (await api.get(`/api/jobs/${id}`)).body.createdAt as string;
    const [from, to] = [await at('a'), await at('d')];
    const inRange = async (query: string) => (await pages(`limit=10&${query}`)).sort();
    const times = await Promise.all(['a', 'b', 'c', 'd'].map(async (id) => [id, await at(id)] as const));
    const expected = times.filter(([, time]) => time >= from && time < to).map(([id]) => id);
    expect(await inRange(`createdAfter=${from}&createdBefore=${to}`)).toEqual(expected);
    expect(await inRange(`status=pending&createdAfter=${from}&createdBefore=${to}`)).toEqual(expected);
  });

  it('an error is found by a part of its text, in any case', async () => {
    await queue.failJob('a', { error: 'connect ECONNREFUSED 127.0.0.1' });
    await queue.failJob('b', { error: 'other (%d+)' });
    expect((await page('limit=5&error=econnrefused')).ids).toEqual(['a']);
    expect((await page('limit=5&status=failed&error=(%25d%2B)')).ids).toEqual(['b']);
    expect((await page('limit=5&status=failed&error=nothing')).ids).toEqual([]);
  });

  it.each([
    ['type=******', 'type'],
    ['priority=urgent', 'priority'],
    ['priority=1.5', 'priority'],
    ['tag=', 'tag'],
    ['tag=a&tag=b', 'tag'],
    ['createdAfter=yesterday', 'createdAfter'],
    ['createdBefore=2026-03-01', 'createdBefore'],
    [`error=${'x'.repeat(201)}`, 'error'],
    ['creator=%00', 'creator'],
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=x', 'limit'],
    ['limit=5&pageSize=5', 'page'],
  ])('is refused: ?%s', async (query, path) => {
    const answer = await api.get(`/api/jobs?${query}`);
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors[0].path).toBe(path);
  });

  it('parked jobs are listed once, before delayed ones', async () => {
    const limits = new TypeLimits(() => queue.backend.client(), queue.backend.queueKeys);
    await limits.write(new Map([['mail.receive', { global: 0, perProcess: null }]]));
    expect((await queue.dequeueJob())?.id).toBe('a');
    expect((await queue.dequeueJob())?.id).toBe('d');
    expect(await pages('status=pending&limit=1')).toEqual(['b', 'c']);
    expect(await pages('status=pending&limit=1&priority=normal')).toEqual(['b']);
  });
});

it('a filter that fits few of many jobs looks at a bounded number a request, and goes on from there', async () => {
  const ids = Array.from({ length: 10_000 }, (_, n) => ({ type: n === 0 ? 'rare' : 'usual' }));
  await api.post('/api/jobs/bulk', { jobs: ids });
  await api.post('/api/jobs/bulk', { jobs: Array.from({ length: 5000 }, () => ({ type: 'usual' })) });
  const first = await page('type=rare&limit=5');
  expect(first).toMatchObject({ ids: [], isPartial: true });
  const second = await page(`type=rare&limit=5&cursor=${first.next}`);
  expect(second.ids).toHaveLength(1);
  expect(second.next).toBeUndefined();
  const { body } = await api.get('/api/jobs?type=rare');
  expect(body).toMatchObject({ items: [], total: 0, isPartial: true });
});
