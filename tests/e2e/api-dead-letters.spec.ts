import { deadLetterPageSchema, purgedSchema, replayedSchema, type JobView } from '#libs/contracts';
import { QueueService, type EndRules } from '#libs/queue';
import { expectProblem, TestApi } from './api-client.js';

const RULES: EndRules = { counted: true, completedMs: null, failedMs: null, deadMs: 14 * 86_400_000 };
const LIST = '/api/dead-letters';
const REPLAY = `${LIST}/replay`;
const PURGE = `${LIST}/purge`;

let api: TestApi;
let queue: QueueService;

beforeAll(async () => {
  api = await TestApi.start();
  queue = api.app.get(QueueService);
  queue.backend.endings.follow(() => RULES);
});
afterEach(() => queue.deadLetters.purge({ olderThan: 0 }));
afterAll(() => api.close());

/** A job that a worker failed for good. */
async function die(body: object = {}): Promise<JobView> {
  const job = await api.create(body);
  await queue.backend.running.claim('token');
  const failed = { id: job.id, name: job.type, opts: {}, attemptsMade: 0 } as never;
  await queue.backend.moveToFailed(failed, 'out of paper', false, 'token', false, { stacktrace: '[]' });
  return job;
}

const ids = async (query = ''): Promise<string[]> =>
  (await api.get(LIST + query)).body.items.map(({ id }: JobView) => id);

describe('GET /api/dead-letters', () => {
  it('answers with a page, the newest first, with reason, code and end', async () => {
    const [first, second] = [await die(), await die()];
    const { status, body } = await api.get(`${LIST}?pageSize=1`);
    expect(status).toBe(200);
    expect(deadLetterPageSchema.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      items: [{ id: second.id, status: 'failed', error: 'out of paper', errorCode: 'ERROR' }],
      page: 1,
      pageSize: 1,
      total: 2,
    });
    expect(Date.parse(body.items[0].keptUntil)).toBeGreaterThan(Date.now() + 13 * 86_400_000);
    expect(await ids('?pageSize=1&page=2')).toEqual([first.id]);
    expect(await ids('?page=3')).toEqual([]);
  });

  it('has only those of a type that is asked for', async () => {
    const mail = await die({ type: 'email.send' });
    await die();
    expect(await ids('?type=email.send')).toEqual([mail.id]);
    expect(await ids('?type=none')).toEqual([]);
  });

  it.each(['?page=0', '?pageSize=101', '?type=', '?status=failed'])('refuses %s', async (query) => {
    expectProblem(await api.get(LIST + query), 400, 'INVALID_REQUEST');
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

it('all three are documented, with what they take and answer', async () => {
  const { body: document } = await api.get('/api/docs-json');
  expect(document.paths[LIST].get.operationId).toBe('listDeadLetters');
  for (const path of [REPLAY, PURGE]) {
    const { requestBody, responses } = document.paths[path].post;
    expect(JSON.stringify(requestBody)).toMatch(/ReplayRequest|PurgeRequest|anyOf/);
    expect(Object.keys(responses).sort()).toEqual([
      '200',
      '400',
      '401',
      '403',
      '413',
      '415',
      '429',
      '500',
      '503',
    ]);
  }
  expect(JSON.stringify(document.components.schemas.DeadLetter)).toContain('keptUntil');
});
