// POST /api/jobs/actions: one action to many jobs.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { artifactFolder, FolderArtifacts } from '#libs/artifacts';
import { bulkActionDoneSchema, type JobView } from '#libs/contracts';
import { QueueService } from '#libs/queue';
import { expectProblem, TestApi } from './api-client.js';

const dataDir = mkdtempSync(join(tmpdir(), 'drover-api-actions-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

let api: TestApi;
let queue: QueueService;

beforeAll(async () => {
  api = await TestApi.start({ settings: { DATA_DIR: dataDir } });
  queue = api.app.get(QueueService);
});

beforeEach(() => api.clear());

afterAll(() => api.close());

const show = async (id: string): Promise<JobView> => (await api.get(`/api/jobs/${id}`)).body;
const send = (body: object) => api.post('/api/jobs/actions', body);
const bulk = async (count: number, job: object = {}): Promise<string[]> => {
  const jobs = Array.from({ length: count }, () => ({ type: 'x', ...job }));
  return (await api.post('/api/jobs/bulk', { jobs })).body.ids;
};

async function act(body: object) {
  const answer = await send(body);
  expect(answer.status).toBe(200);
  expect(bulkActionDoneSchema.parse(answer.body)).toEqual(answer.body);
  return answer.body;
}

/** A job in each state there is. */
async function oneOfEach(): Promise<void> {
  for (const id of ['completed', 'failed', 'cancelled', 'running']) {
    await api.create({ id });
    await queue.dequeueJob();
  }
  await queue.completeJob('completed');
  await queue.failJob('failed');
  await queue.cancelJob('cancelled');
  await api.create({ id: 'ready' });
  await api.create({ id: 'delayed', delay: 60_000 });
}
const EACH = ['ready', 'delayed', 'running', 'completed', 'failed', 'cancelled', 'nobody'];

it.each([
  ['retry', 'completed failed cancelled', { completed: 'pending', failed: 'pending', cancelled: 'pending' }],
  ['cancel', 'ready delayed running', { ready: 'cancelled', delayed: 'cancelled', running: 'cancelled' }],
  ['promote', 'delayed', { delayed: 'pending' }],
  ['remove', 'ready delayed completed failed cancelled', { ready: undefined, failed: undefined }],
])('%s does it to %s, and says of all others why not', async (action, can, becomes) => {
  await oneOfEach();
  const done = can.split(' ');
  const answer = await act({ action, ids: EACH });
  expect(answer).toMatchObject({
    action,
    dryRun: false,
    matched: 6,
    done: done.length,
    skipped: 6 - done.length,
    missing: 1,
    failed: 0,
    more: false,
  });
  const skipped = EACH.filter((id) => !done.includes(id) && id !== 'nobody');
  expect(answer.problems).toEqual([
    ...skipped.map((id) => ({ id, outcome: 'skipped', reason: id })),
    { id: 'nobody', outcome: 'missing' },
  ]);
  for (const [id, status] of Object.entries(becomes))
    expect((await show(id)).status === status || status === undefined).toBe(true);
  if (action === 'remove')
    for (const id of done) expectProblem(await api.get(`/api/jobs/${id}`), 404, 'JOB_NOT_FOUND');
});

it('a dry run counts, names some, and changes nothing', async () => {
  const ids = await bulk(30, { tags: ['t'] });
  await api.create();
  const answer = await act({ action: 'remove', filter: { tag: 't' }, dryRun: true });
  expect(answer).toMatchObject({ dryRun: true, matched: 30, done: 0, more: false });
  expect(answer.sample).toHaveLength(20);
  expect(ids).toEqual(expect.arrayContaining(answer.sample));
  expect((await api.get('/api/jobs/stats')).body.total).toBe(31);
  expect(await act({ action: 'remove', ids: [ids[0], 'nobody'], dryRun: true })).toMatchObject({
    matched: 1,
    missing: 1,
    sample: [ids[0]],
  });
});

it('what fits a filter is acted on, and nothing else', async () => {
  await bulk(700, { type: 'mail.a' });
  await bulk(5, { type: 'other' });
  expect(await act({ action: 'cancel', filter: { status: 'pending', type: 'mail.*' } })).toMatchObject({
    matched: 700,
    done: 700,
  });
  expect((await api.get('/api/jobs/stats')).body.byStatus).toMatchObject({ pending: 5, cancelled: 700 });
  expect(await act({ action: 'retry', filter: { status: 'cancelled' } })).toMatchObject({ done: 700 });
  expect((await api.get('/api/jobs/stats')).body.byStatus).toMatchObject({ pending: 705, cancelled: 0 });
});

it('goes on where the limit has stopped it', async () => {
  await bulk(25);
  const body = { action: 'cancel', filter: { status: 'pending' }, limit: 10 };
  const first = await act(body);
  expect(first).toMatchObject({ done: 10, more: true });
  const second = await act({ ...body, cursor: first.nextCursor });
  const third = await act({ ...body, cursor: second.nextCursor });
  expect([second.done, third.done, third.more]).toEqual([10, 5, false]);
  expect((await api.get('/api/jobs/stats')).body.byStatus.cancelled).toBe(25);
});

it('jobs that workers take meanwhile are counted as skipped, and none is lost', async () => {
  await bulk(400);
  const takes = Array.from({ length: 100 }, () => queue.dequeueJob());
  const answer = await act({ action: 'remove', filter: { status: 'pending' } });
  const taken = (await Promise.all(takes)).filter((job) => job !== null).length;
  expect(answer.done + taken).toBe(400);
  expect(answer.matched).toBe(answer.done + answer.skipped + answer.missing);
  expect((await api.get('/api/jobs/stats')).body).toMatchObject({
    total: taken,
    byStatus: { running: taken },
  });
});

it('a key of another type in the way of one job does not keep the others', async () => {
  const ids = await bulk(3);
  const redis = await queue.backend.client();
  const key = queue.backend.queueKeys.status(ids[1] as string);
  await redis.del(key);
  await redis.rpush(key, 'x');
  const answer = await act({ action: 'cancel', ids });
  expect(answer).toMatchObject({ done: 2, failed: 1 });
  expect(answer.problems[0]).toMatchObject({ id: ids[1], outcome: 'failed' });
  expect(answer.problems[0].reason).toContain('WRONGTYPE');
});

it('artifacts of removed jobs go with them', async () => {
  const store = new FolderArtifacts(artifactFolder(dataDir, 'jobs'));
  await api.create({ id: 'with-file' });
  await store.put({ jobId: 'with-file', name: 'a.txt' }, 'x');
  await act({ action: 'remove', ids: ['with-file'] });
  expect(await store.list('with-file')).toEqual([]);
});

it('a handler that runs a cancelled job is told', async () => {
  await api.create({ id: 'a' });
  await queue.dequeueJob();
  const updates = queue.subscribe();
  await updates.ready;
  await act({ action: 'cancel', filter: { status: 'running' } });
  for await (const { event, job_id } of updates) {
    if (event === 'job_cancelled') {
      expect(job_id).toBe('a');
      break;
    }
  }
});

it('10,000 jobs are done, in as many answers as a slow machine needs', async () => {
  await bulk(10_000);
  const filter = { status: 'pending' };
  let done = 0;
  for (let cursor: string | undefined; ;) {
    const answer = await act({ action: 'cancel', filter, cursor });
    done += answer.done;
    expect(answer.more).toBe(answer.nextCursor !== undefined);
    cursor = answer.nextCursor;
    if (cursor === undefined) break;
    expect(answer.done).toBeGreaterThan(0);
  }
  expect(done).toBe(10_000);
});

it.each([
  [{ action: 'cancel' }, ''],
  [{ action: 'cancel', filter: {} }, 'filter'],
  [{ action: 'cancel', filter: { status: 'pending' }, ids: ['a'] }, ''],
  [{ action: 'explode', ids: ['a'] }, 'action'],
  [{ action: 'replay', ids: ['a'] }, 'action'],
  [{ action: 'cancel', ids: [] }, 'ids'],
  [{ action: 'cancel', ids: [''] }, 'ids.0'],
  [{ action: 'cancel', ids: [7] }, 'ids.0'],
  [{ action: 'cancel', ids: ['x'.repeat(1001)] }, 'ids.0'],
  [{ action: 'cancel', ids: Array.from({ length: 10_001 }, (_, n) => String(n)) }, 'ids'],
  [{ action: 'cancel', filter: { state: 'x' } }, 'filter.state'],
  [{ action: 'cancel', filter: { status: 'done' } }, 'filter.status'],
  [{ action: 'cancel', filter: { status: 'pending' }, limit: 0 }, 'limit'],
  [{ action: 'cancel', filter: { status: 'pending' }, limit: 100_001 }, 'limit'],
  [{ action: 'cancel', filter: { status: 'pending' }, dryRun: 'yes' }, 'dryRun'],
  [{ action: 'cancel', filter: { status: 'pending' }, cursor: 'abc' }, 'cursor'],
  [{ action: 'cancel', ids: ['a'], cursor: 'abc' }, 'cursor'],
  [{ action: 'cancel', filter: { __proto__: null, constructor: 1 } }, 'filter.constructor'],
])('is refused: %#', async (body, path) => {
  const answer = await send(body);
  expectProblem(answer, 400, 'INVALID_REQUEST');
  expect(answer.body.errors[0].path).toBe(path);
});

it('ids that are odd are missing, not errors', async () => {
  const ids = ['\u0000', '__proto__', '*', 'søster 🐄', '\ud800', 'a\nb', '-inf'];
  expect(await act({ action: 'retry', ids })).toMatchObject({ matched: 0, missing: ids.length });
});
