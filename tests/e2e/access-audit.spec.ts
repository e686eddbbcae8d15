import { DataSource } from 'typeorm';
// The system under test: an application is no library that could be imported by name.
// eslint-disable-next-line no-restricted-imports
import { AuditLog } from '../../apps/api/src/audit/audit-log.js';
// eslint-disable-next-line no-restricted-imports
import { AuditRetention } from '../../apps/api/src/audit/audit-retention.js';
import { bearer } from '../support/access.js';
import { waitFor } from '../support/wait.js';
import { expectProblem, TestApi } from './api-client.js';

interface Row {
  id: string;
  who: string;
  action: string;
  requestId: string;
}

let api: TestApi;

beforeEach(async () => {
  api = await TestApi.start();
});
afterEach(() => api.close());

const page = async (query = '') =>
  (await api.get(`/api/audit${query}`)).body as { items: Row[]; nextCursor?: string };

/** Rows that fit, once there are so many of them. */
const rows = (count: number, query = ''): Promise<Row[]> =>
  waitFor(
    async () => {
      const { items } = await page(query);
      return items.length >= count ? items : undefined;
    },
    { what: `${count} rows for ${query}` },
  );

describe('the audit log', () => {
  it('says who did what, to what, when, from where, and how it ended; never a payload', async () => {
    const before = Date.now();
    const made = await api.send('/api/jobs', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'User-Agent': 'curl/8', 'X-Request-Id': 'request-7' },
      body: JSON.stringify({ id: 'job-1', type: 'test.job', payload: { card: '4111-1111' } }),
    });
    expect(made.status).toBe(201);
    const [row] = await rows(1);
    expect(row).toMatchObject({
      who: 'admin',
      role: 'admin',
      via: 'key',
      action: 'createJob',
      method: 'POST',
      path: '/api/jobs',
      target: { created: '/api/jobs/job-1' },
      outcome: 'done',
      status: 201,
      address: '127.0.0.1',
      userAgent: 'curl/8',
      requestId: 'request-7',
    });
    const at = Date.parse((row as unknown as { at: string }).at);
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now());
    expect(JSON.stringify(await api.app.get(DataSource).query('SELECT * FROM audit_log'))).not.toContain(
      '4111',
    );
  });

  it('has what was refused by role, by the state of things, and by validation', async () => {
    const { key } = (await api.post('/api/keys', { name: 'ci', role: 'viewer' })).body;
    await api.send('/api/jobs/7/action', {
      method: 'POST',
      headers: { ...bearer(key), 'Content-Type': 'application/json' },
      body: '{}',
    });
    await api.act('7', 'retry');
    await api.post('/api/jobs', { type: '' });
    const found = await rows(3, '?outcome=refused');
    expect(found).toMatchObject([
      { action: 'createJob', status: 400, code: 'INVALID_REQUEST', who: 'admin' },
      { action: 'actOnJob', status: 404, code: 'JOB_NOT_FOUND', target: { id: '7' } },
      { action: 'actOnJob', status: 403, code: 'FORBIDDEN', who: 'ci', role: 'viewer', target: { id: '7' } },
    ]);
  });

  it("has what was done on Bull Board's page, with the queue and the job", async () => {
    await api.create({ id: 'job-1' });
    const { name, value } = await api.signIn();
    const put = (path: string) =>
      api.send(`/admin/queues/api/queues/${path}`, {
        method: 'PUT',
        headers: { Authorization: 'none', Cookie: `${name}=${value}`, Origin: api.url },
      });
    expect((await put('jobs/pause')).status).toBe(200);
    expect((await put('jobs/job-1/retry')).status).toBe(400);
    await rows(1, '?action=board.queues.pause');
    expect(await rows(1, '?action=board.queues.retry')).toMatchObject([
      {
        who: 'admin',
        via: 'session',
        target: { queueName: 'jobs', jobId: 'job-1' },
        outcome: 'refused',
        code: 'JOB_NOT_RETRIABLE',
      },
    ]);
  });

  it('has who signed in, and nothing of what was only looked at', async () => {
    await api.signIn();
    await api.get('/api/jobs');
    await api.get('/api/session');
    await rows(1);
    expect((await page()).items).toMatchObject([{ action: 'startSession', who: 'admin', outcome: 'done' }]);
  });

  it('has nothing of strangers, who could fill it', async () => {
    await api.send('/api/jobs', { method: 'POST', headers: { Authorization: 'none' } });
    await api.create({ id: 'job-1' });
    await rows(1);
    expect((await page()).items).toMatchObject([{ who: 'admin' }]);
  });

  it('is read page by page, while rows come, by who, action and time', async () => {
    for (let n = 0; n < 7; n++) await api.create({ id: `job-${n}` });
    await api.post('/api/keys', { name: 'ci', role: 'viewer' });
    await rows(8);
    const first = await page('?limit=3&action=createJob');
    await api.create({ id: 'later' });
    await rows(9);
    const second = await page(`?limit=3&action=createJob&cursor=${first.nextCursor}`);
    const third = await page(`?limit=3&action=createJob&cursor=${second.nextCursor}`);
    const ids = [first, second, third].flatMap(({ items }) => items.map(({ id }) => Number(id)));
    expect(ids).toHaveLength(7);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => b - a));
    expect(third.nextCursor).toBeUndefined();
    expect((await page('?who=nobody')).items).toEqual([]);
    expect((await page(`?to=${new Date(0).toISOString()}`)).items).toEqual([]);
    expect((await page(`?from=${new Date(0).toISOString()}`)).items).toHaveLength(9);
  });

  it.each([
    '?outcome=well',
    '?who=',
    '?from=yesterday',
    '?cursor=abc',
    '?x=1',
    '?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
    '?who=%00',
  ])('refuses %s', async (query) =>
    expectProblem(await api.get(`/api/audit${query}`), 400, 'INVALID_REQUEST'),
  );

  it('is written to the end when the API stops', async () => {
    for (let n = 0; n < 20; n++) await api.create({ id: `job-${n}` });
    api = await api.restart();
    expect((await page('?action=createJob&limit=100')).items).toHaveLength(20);
  });

  it('keeps rows that the database cannot take now, and counts what does not fit', async () => {
    const log = api.app.get(AuditLog, { strict: false });
    const database = api.app.get(DataSource);
    await database.query('ALTER TABLE audit_log RENAME TO away');
    await api.create({ id: 'job-1' });
    await log.flush();
    await database.query('ALTER TABLE away RENAME TO audit_log');
    await rows(1, '?action=createJob');
    expect(log.lost).toBe(0);
  });

  it('keeps texts of a hostile client as they are, shortened', async () => {
    const { status } = await api.send('/api/jobs/%00/action?queue=a%00b', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'User-Agent': 'x'.repeat(5000) },
      body: '{"action":"retry"}',
    });
    expect(status).toBeGreaterThanOrEqual(400);
    const [row] = (await rows(1)) as unknown as { userAgent: string }[];
    expect(row!.userAgent.length).toBeLessThanOrEqual(300);
  });

  it('loses rows that are older than AUDIT_RETENTION_DAYS, and no others', async () => {
    await api.create({ id: 'old' });
    await api.create({ id: 'new' });
    const [, old] = await rows(2);
    await api.app
      .get(DataSource)
      .query(`UPDATE audit_log SET at = now() - interval '91 days' WHERE id = $1`, [old!.id]);
    expect(await api.app.get(AuditRetention, { strict: false }).sweep()).toBe(1);
    expect((await page()).items).toMatchObject([{ target: { created: '/api/jobs/new' } }]);
  });
});
