import {
  deadLetterGroupsSchema,
  deadLetterPageSchema,
  purgedSchema,
  replayedSchema,
  type JobView,
} from '#libs/contracts';
import { QueueService, type EndRules } from '#libs/queue';
import { expectProblem, TestApi } from './api-client.js';

const RULES: EndRules = { counted: true, completedMs: null, failedMs: null, deadMs: 14 * 86_400_000 };
const LIST = '/api/dead-letters';
const REPLAY = `${LIST}/replay`;
const PURGE = `${LIST}/purge`;

let api: TestApi;
let queue: QueueService;

beforeAll(async () => {
  api = await TestApi.start({ settings: { MORE_QUEUES: 'mail' } });
  queue = api.app.get(QueueService);
  queue.backend.endings.follow(() => RULES);
});
afterEach(() => queue.deadLetters.purge({ olderThan: 0 }));
afterAll(() => api.close());

/** A job that a worker failed for good. */
async function die(body: object = {}, reason = 'out of paper', backend = queue.backend): Promise<JobView> {
  const job = await api.create(body);
  await backend.running.claim('token');
  const failed = { id: job.id, name: job.type, opts: {}, attemptsMade: 0 } as never;
  await backend.moveToFailed(failed, reason, false, 'token', false, { stacktrace: '[]' });
  return job;
}

const ids = async (query = ''): Promise<string[]> =>
  (await api.get(LIST + query)).body.items.map(({ id }: JobView) => id);

describe('GET /api/dead-letters', () => {
  it('answers with a page, the newest first, with reason, code and end', async () => {
    const [first, second] = [await die(), await die()];
    const { status, body } = await api.get(`${LIST}?limit=1`);
    expect(status).toBe(200);
    expect(deadLetterPageSchema.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      items: [{ id: second.id, status: 'failed', error: 'out of paper', errorCode: 'ERROR' }],
      total: 2,
    });
    expect(Date.parse(body.items[0].keptUntil)).toBeGreaterThan(Date.now() + 13 * 86_400_000);
    const next = await api.get(`${LIST}?limit=5&cursor=${body.nextCursor}`);
    expect(next.body.items).toMatchObject([{ id: first.id }]);
    expect(next.body.nextCursor).toBeUndefined();
  });

  it('has only those of a type that is asked for', async () => {
    const mail = await die({ type: 'email.send' });
    await die();
    expect(await ids('?type=email.send')).toEqual([mail.id]);
    expect(await ids('?type=none')).toEqual([]);
  });

  it('misses and doubles none of them when some of the pages before go and new ones come', async () => {
    const all: string[] = [];
    // All at the same moment, as when a worker reports many at once.
    jest.spyOn(Date, 'now').mockReturnValue(Date.now());
    for (let nth = 0; nth < 9; nth++) all.push((await die()).id);
    jest.restoreAllMocks();
    const [first, second] = [await api.get(`${LIST}?limit=2`), await api.get(`${LIST}?limit=4`)];
    const seen = second.body.items.map(({ id }: JobView) => id) as string[];
    expect(seen.slice(0, 2)).toEqual(first.body.items.map(({ id }: JobView) => id));
    // The one that the cursor stands for goes, one before it too, and a new one comes.
    await api.post(PURGE, { ids: [seen[3], seen[0]] });
    await die();
    let cursor = second.body.nextCursor as string | undefined;
    while (cursor !== undefined) {
      const { body } = await api.get(`${LIST}?limit=2&cursor=${cursor}`);
      seen.push(...body.items.map(({ id }: JobView) => id));
      cursor = body.nextCursor;
    }
    expect([...seen].sort()).toEqual([...all].sort());
  });

  it('finds those of a seldom type behind many others, page by page', async () => {
    const seldom = await die({ type: 'email.send' });
    const client = await queue.backend.client();
    const others = Array.from({ length: 30_000 }, (_, at) => [
      Date.now() + 1000 + (at % 7),
      `other-${at}`,
    ]).flat();
    for (let from = 0; from < others.length; from += 10_000) {
      await client.zadd(
        `${api.prefix}:jobs:dead`,
        ...(others.slice(from, from + 10_000) as [number, string]),
      );
    }
    const first = await api.get(`${LIST}?type=email.send`);
    expect(first.body).toMatchObject({ items: [], nextCursor: expect.any(String) });
    const next = await api.get(`${LIST}?type=email.send&cursor=${first.body.nextCursor}`);
    expect(next.body.items).toMatchObject([{ id: seldom.id }]);
    expect(next.body.nextCursor).toBeUndefined();
    await client.del(`${api.prefix}:jobs:dead`);
  });

  it.each([
    '?limit=0',
    '?limit=101',
    '?page=1',
    '?type=',
    '?status=failed',
    '?cursor=bm9uZQ',
    '?cursor=%00',
    '?queue=a:b',
  ])('refuses %s', async (query) => {
    expectProblem(await api.get(LIST + query), 400, 'INVALID_REQUEST');
  });
});

describe('GET /api/dead-letters/groups', () => {
  it('puts together what died of the same, whatever the numbers and names in it', async () => {
    await die({}, 'job 17 of "ada": connect ECONNREFUSED 10.0.0.1:25');
    const last = await die({}, 'job 18 of "bob": connect ECONNREFUSED 10.0.0.2:25');
    await die({ type: 'email.send' }, 'job 18 of "bob": connect ECONNREFUSED 10.0.0.2:25');
    await die({}, 'out of paper');
    const { status, body } = await api.get(`${LIST}/groups`);
    expect(status).toBe(200);
    expect(deadLetterGroupsSchema.parse(body)).toEqual(body);
    expect(body).toMatchObject({ total: 3, looked: 4, complete: true });
    expect(body.items[0]).toMatchObject({
      type: 'test.job',
      code: 'ERROR',
      reason: 'job # of #: connect ECONNREFUSED #.#.#.#:#',
      count: 2,
      example: last.id,
    });
    expect(Date.parse(body.items[0].firstSeen)).toBeLessThanOrEqual(Date.parse(body.items[0].lastSeen));
    const again = await api.get(`${LIST}/groups?limit=1`);
    expect(again.body.items).toEqual(body.items.slice(0, 1));
    expect(again.body.total).toBe(3);
  });

  it('looks at the newest 10,000 only', async () => {
    const client = await queue.backend.client();
    const many = Array.from({ length: 10_001 }, (_, at) => [Date.now(), `other-${at}`]).flat();
    await client.zadd(`${api.prefix}:jobs:dead`, ...(many as [number, string]));
    const { body } = await api.get(`${LIST}/groups`);
    expect(body).toMatchObject({ looked: 10_000, complete: false });
    await client.del(`${api.prefix}:jobs:dead`);
  });
});

describe('of another queue', () => {
  it('are listed, grouped, replayed and purged with its name', async () => {
    const mail = queue.backend.forQueue('mail');
    mail.endings.follow(() => RULES);
    const [one, other] = [await die({ queue: 'mail' }, 'x', mail), await die({ queue: 'mail' }, 'x', mail)];
    expect(await ids('')).toEqual([]);
    expect(await ids('?queue=mail')).toEqual(expect.arrayContaining([one.id, other.id]));
    expect((await api.get(`${LIST}/groups?queue=mail`)).body.items).toMatchObject([{ count: 2 }]);
    expect((await api.post(`${PURGE}?queue=mail`, { ids: [one.id] })).body).toMatchObject({ purged: 1 });
    expect((await api.post(REPLAY, { ids: [other.id] })).body).toMatchObject({ replayed: 0 });
    expect((await api.post(`${REPLAY}?queue=mail`, { ids: [other.id] })).body).toMatchObject({ replayed: 1 });
    await mail.maintenance.drain(false);
  });

  it.each(['', '/groups'])('that nobody knows there are none (%s)', async (path) => {
    expectProblem(await api.get(`${LIST}${path}?queue=none`), 404, 'QUEUE_NOT_FOUND');
  });
});

describe('POST /api/dead-letters/replay', () => {
  it('puts those that are named back, and says which are no dead letters', async () => {
    const [one, other] = [await die(), await die()];
    const { status, body } = await api.post(REPLAY, { ids: [one.id, 'nobody'] });
    expect(status).toBe(200);
    expect(replayedSchema.parse(body)).toEqual(body);
    expect(body).toEqual({ replayed: 1, missing: ['nobody'], more: false });
    expect((await api.get(`/api/jobs/${one.id}`)).body).toMatchObject({
      status: 'pending',
      attempts: { made: 0, started: 0 },
    });
    expect(await ids()).toEqual([other.id]);
    await queue.clearQueue();
  });

  it('puts all of a type back, at most so many', async () => {
    await die({ type: 'email.send' });
    await die({ type: 'email.send' });
    await die();
    expect((await api.post(REPLAY, { type: 'email.send', limit: 1 })).body).toEqual({
      replayed: 1,
      missing: [],
      more: true,
    });
    expect((await api.post(REPLAY, { type: 'email.send' })).body).toMatchObject({ replayed: 1, more: false });
    expect(await ids()).toHaveLength(1);
    await queue.clearQueue();
  });
});

describe('POST /api/dead-letters/purge', () => {
  it('removes those that are named', async () => {
    const { id } = await die();
    const { status, body } = await api.post(PURGE, { ids: [id] });
    expect(status).toBe(200);
    expect(purgedSchema.parse(body)).toEqual(body);
    expect(body).toEqual({ purged: 1, missing: [], more: false });
    expectProblem(await api.get(`/api/jobs/${id}`), 404, 'JOB_NOT_FOUND');
  });

  it('removes those older than a time, of a type or of all', async () => {
    await die({ type: 'email.send' });
    await die();
    expect((await api.post(PURGE, { olderThan: '1h' })).body).toMatchObject({ purged: 0 });
    expect((await api.post(PURGE, { olderThan: 0, type: 'email.send' })).body).toMatchObject({ purged: 1 });
    expect((await api.post(PURGE, { olderThan: '0s' })).body).toMatchObject({ purged: 1 });
  });
});

describe.each([REPLAY, PURGE])('%s', (path) => {
  it.each([
    ['nothing', {}],
    ['no ids', { ids: [] }],
    ['too many ids', { ids: Array.from({ length: 501 }, (_, at) => `job-${at}`) }],
    ['an empty id', { ids: [''] }],
    ['both at once', { ids: ['a'], type: 't', olderThan: 0 }],
    ['a limit of 0', { type: 't', olderThan: 0, limit: 0 }],
    ['a limit too large', { type: 't', olderThan: 0, limit: 10_001 }],
    ['an age that is none', { olderThan: 'soon', type: 't' }],
    ['an unknown field', { type: 't', olderThan: 0, everything: true }],
  ])('refuses %s', async (_, body) => {
    expectProblem(await api.post(path, body), 400, 'INVALID_REQUEST');
  });
});

it.each([
  [REPLAY, {}, ['"ids"', '"type"']],
  [PURGE, {}, ['"ids"', '"olderThan"']],
  [PURGE, { type: 't' }, ['"ids"', '"olderThan"']],
  [PURGE, { olderThan: 'soon' }, ['"olderThan" (milliseconds, or a text like "7d"']],
])('%s of %j is told which fields it needs', async (path, body, fields) => {
  const { errors } = (await api.post(path, body)).body;
  expect(errors).toHaveLength(1);
  for (const field of fields) expect(errors[0].message).toContain(field);
});

it('all of them are documented, with what they take and answer', async () => {
  const { body: document } = await api.get('/api/docs-json');
  expect(document.paths[LIST].get.operationId).toBe('listDeadLetters');
  for (const path of [REPLAY, PURGE]) {
    const { requestBody, responses } = document.paths[path].post;
    expect(JSON.stringify(requestBody)).toMatch(/ReplayRequest|PurgeRequest|anyOf/);
    expect(Object.keys(responses).sort()).toEqual(
      expect.arrayContaining(['200', '400', '404', '413', '415', '500', '503']),
    );
  }
  expect(JSON.stringify(document.components.schemas.DeadLetter)).toContain('keptUntil');
});
