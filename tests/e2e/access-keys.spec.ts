import { DataSource } from 'typeorm';
import { bearer, TEST_ADMIN_KEY } from '../support/access.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait.js';
import { expectProblem, TestApi } from './api-client.js';

let api: TestApi;

afterEach(() => api.close());

const start = async (settings: Record<string, string> = {}) => (api = await TestApi.start({ settings }));
const create = async (name: string, more: object = {}) =>
  (await api.post('/api/keys', { name, role: 'operator', ...more })).body as { id: string; key: string };
const asked = (key: string, path = '/api/session') => api.send(path, { headers: bearer(key) });
const whole = (rows: unknown) => JSON.stringify(rows);

describe('an API key', () => {
  beforeEach(() => start());

  it('is shown once, works at once, and only a hash of it is kept', async () => {
    const made = await api.post('/api/keys', { name: 'ci', role: 'viewer', expiresIn: '90d' });
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'ci', role: 'viewer', state: 'active', createdBy: 'admin' },
    });
    const { id, key } = made.body;
    expect(key).toMatch(new RegExp(`^dk_${id}_[\\w-]{43}$`));
    expect(made.headers.get('location')).toBe(`/api/keys/${id}`);
    expect(await asked(key)).toMatchObject({ status: 200, body: { name: 'ci', role: 'viewer', via: 'key' } });

    const secret = key.split('_').slice(2).join('_');
    const shown = [await api.get('/api/keys'), await api.get(`/api/keys/${id}`)].map(({ body }) =>
      whole(body),
    );
    const kept = whole(await api.app.get(DataSource).query('SELECT * FROM api_keys'));
    for (const text of [...shown, kept]) {
      expect(text).toContain(id);
      expect(text).not.toContain(secret);
    }
  });

  it('says when it was last used', async () => {
    const { id, key } = await create('ci');
    expect((await api.get(`/api/keys/${id}`)).body.lastUsedAt).toBeUndefined();
    await asked(key);
    await waitFor(async () => (await api.get(`/api/keys/${id}`)).body.lastUsedAt, { what: 'a last use' });
  });

  it.each([
    ['another secret', (key: string) => key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A')],
    ['another id', (key: string) => key.replace(/^dk_./, (start) => (start === 'dk_0' ? 'dk_1' : 'dk_0'))],
    ['of another kind', (key: string) => key.replace('dk_', 'ds_')],
    ['with more behind it', (key: string) => `${key}A`],
    ['no key at all', () => 'x'],
  ])('is refused with %s, in the same words', async (_what, change) => {
    const { key } = await create('ci');
    const answer = await asked(change(key));
    expectProblem(answer, 401, 'UNAUTHENTICATED');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="drover"');
    expect(answer.body.detail).toBe('this is no valid API key');
  });

  it('is refused once it is revoked, and its name is not used again', async () => {
    const { id, key } = await create('ci');
    expect((await asked(key)).status).toBe(200);
    const revoked = await api.delete(`/api/keys/${id}`);
    expect(revoked).toMatchObject({ status: 200, body: { state: 'revoked' } });
    const answer = await asked(key);
    expectProblem(answer, 401, 'UNAUTHENTICATED');
    expect(answer.body.detail).toMatch(/^the key "ci" is revoked since /);
    expect((await api.delete(`/api/keys/${id}`)).body).toEqual(revoked.body);
    expectProblem(await api.post('/api/keys', { name: 'CI', role: 'viewer' }), 409, 'KEY_EXISTS');
  });

  it('is refused once it has expired', async () => {
    const { id, key } = await create('ci', { expiresIn: '1m' });
    await api.app.get(DataSource).query(`UPDATE api_keys SET expires_at = now() WHERE id = $1`, [id]);
    expectProblem(await asked(key), 401, 'UNAUTHENTICATED');
    expect((await api.get('/api/keys?state=expired')).body.items).toMatchObject([{ id, state: 'expired' }]);
  });

  it('of which there are many is listed page by page', async () => {
    for (let n = 1; n <= 5; n++) await create(`key-${n}`);
    const first = (await api.get('/api/keys?limit=3')).body;
    await create('later');
    const second = (await api.get(`/api/keys?limit=3&cursor=${first.nextCursor}`)).body;
    const names = [...first.items, ...second.items].map(({ name }: { name: string }) => name);
    expect(names).toEqual(['key-5', 'key-4', 'key-3', 'key-2', 'key-1']);
    expect(second.nextCursor).toBeUndefined();
  });

  it.each([
    [{ name: '' }, 'name'],
    [{ name: 'a\nb' }, 'name'],
    [{ name: 'x'.repeat(101) }, 'name'],
    [{ name: 'Admin' }, 'name'],
    [{ role: 'root' }, 'role'],
    [{ role: undefined }, 'role'],
    [{ expiresIn: '1s' }, 'expiresIn'],
    [{ role: 'admin', ownJobsOnly: true }, 'ownJobsOnly'],
    [{ secret: 'x' }, 'secret'],
  ])('is not made of %j', async (fields, path) => {
    const answer = await api.post('/api/keys', { name: 'ci', role: 'viewer', ...fields });
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect((await api.get('/api/keys')).body.items).toEqual([]);
  });

  it('that is not there is not found, and what is no id is said so', async () => {
    expectProblem(await api.get('/api/keys/0123456789abcdef'), 404, 'KEY_NOT_FOUND');
    expectProblem(await api.delete('/api/keys/0123456789abcdef'), 404, 'KEY_NOT_FOUND');
    expectProblem(await api.get('/api/keys/..%2f'), 400, 'INVALID_REQUEST');
    expectProblem(await api.get('/api/keys?cursor=abc'), 400, 'INVALID_REQUEST');
  });
});

describe('the last admin', () => {
  it('cannot revoke its own key, nor can two revoke each other', async () => {
    await start();
    const one = await create('one', { role: 'admin' });
    const two = await create('two', { role: 'admin' });
    api = await api.restart({ DROVER_ADMIN_KEY: '' });
    const revoke = (id: string, key: string) =>
      api.send(`/api/keys/${id}`, { method: 'DELETE', headers: bearer(key) });
    const both = await Promise.all([revoke(one.id, two.key), revoke(two.id, one.key)]);
    expect(both.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1);
    const left = both[0]!.status === 200 ? two : one;
    expectProblem(await revoke(left.id, left.key), 409, 'LAST_ADMIN_KEY');
    expect((await asked(left.key)).status).toBe(200);
  });

  it('may revoke it when there is a DROVER_ADMIN_KEY', async () => {
    await start();
    const { id, key } = await create('root', { role: 'admin' });
    expect((await api.send(`/api/keys/${id}`, { method: 'DELETE', headers: bearer(key) })).status).toBe(200);
  });
});

describe('DROVER_ADMIN_KEY', () => {
  it('is an admin that is stored nowhere', async () => {
    await start();
    expect((await api.get('/api/session')).body).toMatchObject({ name: 'admin', role: 'admin' });
    const tables = ['api_keys', 'sessions', 'sign_in_links', 'audit_log'];
    await api.signIn();
    for (const table of tables)
      expect(whole(await api.app.get(DataSource).query(`SELECT * FROM ${table}`))).not.toContain(
        TEST_ADMIN_KEY,
      );
    expect((await api.get('/api/keys')).body.items).toEqual([]);
  });

  it('cannot be guessed: after ten wrong ones in a minute the right one has to wait as well', async () => {
    await start();
    const { key } = await create('ci');
    for (let n = 0; n < 10; n++)
      expectProblem(await asked(`wrong-key-number-${n}-of-ten`), 401, 'UNAUTHENTICATED');
    const answer = await api.get('/api/session');
    expectProblem(answer, 429, 'TOO_MANY_REQUESTS');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    // Keys that cannot be guessed go on.
    expect((await asked(key)).status).toBe(200);
  });
});

it('a key revoked in one process is refused in another one within a moment', async () => {
  const database: TestDatabase = await createTestDatabase();
  await start(database.settings);
  const other = await TestApi.start({ settings: database.settings });
  try {
    const { id, key } = await create('ci');
    const inOther = () => other.send('/api/session', { headers: bearer(key) });
    expect((await inOther()).status).toBe(200);
    await api.delete(`/api/keys/${id}`);
    await waitFor(async () => (await inOther()).status === 401, { what: 'the key refused' });
  } finally {
    await other.close();
    await database.remove();
  }
});
