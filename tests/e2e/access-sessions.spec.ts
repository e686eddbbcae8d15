import { DataSource } from 'typeorm';
import { bearer, TEST_ADMIN_KEY } from '../support/access.js';
import { waitFor } from '../support/wait.js';
import { expectProblem, TestApi } from './api-client.js';

const NO_KEY = { Authorization: 'none' };

let api: TestApi;

beforeEach(async () => {
  api = await TestApi.start();
});
afterEach(() => api.close());

/** What a page of this server sends. */
const cookieOf = ({ name, value }: { name: string; value: string }) => ({
  ...NO_KEY,
  Cookie: `${name}=${value}`,
  Origin: api.url,
});
const as = (headers: Record<string, string>, path = '/api/session', method = 'GET') =>
  api.send(path, { method, headers, redirect: 'manual' });
const createKey = async (name: string, role = 'operator') =>
  (await api.post('/api/keys', { name, role })).body as { id: string; key: string };
const link = async () => new URL((await api.send('/api/session/links', { method: 'POST' })).body.url);
const open = (url: URL) => as(NO_KEY, url.pathname + url.search);

describe('a session', () => {
  it('has the rights of the key, out of reach of scripts and other sites', async () => {
    const { key } = await createKey('ci');
    const answer = await api.send('/api/session', {
      method: 'POST',
      headers: { ...NO_KEY, 'Content-Type': 'application/json' },
      body: JSON.stringify({ key }),
    });
    expect(answer).toMatchObject({ status: 200, body: { name: 'ci', role: 'operator', via: 'session' } });
    const cookie = answer.headers.get('set-cookie')!;
    for (const part of ['; Path=/', '; HttpOnly', '; SameSite=Strict']) expect(cookie).toContain(part);
    expect(cookie).not.toContain('Secure');
    expect(cookie).not.toContain(key);
    const session = { ...NO_KEY, Cookie: cookie.split(';')[0]! };
    expect((await as(session)).body).toMatchObject({ name: 'ci', role: 'operator', via: 'session' });
    expectProblem(await as(session, '/api/keys'), 403, 'FORBIDDEN');
  });

  it('is for https only where it was started over https, by the word of a trusted proxy', async () => {
    api = await api.restart({ TRUSTED_PROXIES: '127.0.0.0/8' });
    const { headers } = await api.send('/api/session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Forwarded-Proto': 'https' },
      body: JSON.stringify({ key: TEST_ADMIN_KEY }),
    });
    expect(headers.get('set-cookie')).toContain('; Secure');
  });

  it('ends when one signs out', async () => {
    const session = cookieOf(await api.signIn());
    expect((await as(session)).status).toBe(200);
    const out = await as(session, '/api/session', 'DELETE');
    expect(out.status).toBe(204);
    expect(out.headers.get('set-cookie')).toMatch(/^drover_session=;.*Max-Age=0/);
    expectProblem(await as(session), 401, 'UNAUTHENTICATED');
  });

  it('ends with its key', async () => {
    const { id, key } = await createKey('ci');
    const session = cookieOf(await api.signIn(key));
    expect((await as(session)).status).toBe(200);
    await api.delete(`/api/keys/${id}`);
    expectProblem(await as(session), 401, 'UNAUTHENTICATED');
  });

  it.each([
    ['12 hours without a request', `last_seen_at = now() - interval '12 hours'`],
    ['7 days', `expires_at = now()`],
  ])('ends after %s', async (_time, change) => {
    const session = cookieOf(await api.signIn());
    await api.app.get(DataSource).query(`UPDATE sessions SET ${change}`);
    expectProblem(await as(session), 401, 'UNAUTHENTICATED');
  });

  it('ends when DROVER_ADMIN_KEY is another one', async () => {
    const session = cookieOf(await api.signIn());
    api = await api.restart({ DROVER_ADMIN_KEY: 'another-key-of-twenty-and-more' });
    expectProblem(await as(session), 401, 'UNAUTHENTICATED');
  });

  it('is kept as a hash', async () => {
    const { value } = await api.signIn();
    const rows = JSON.stringify(await api.app.get(DataSource).query('SELECT * FROM sessions'));
    expect(rows).toContain(value.split('_')[1]);
    expect(rows).not.toContain(value.split('_').slice(2).join('_'));
  });

  it('does not count for what a page of elsewhere wants changed, whatever it may read', async () => {
    api = await api.restart({ CORS_ORIGINS: 'https://tools.example' });
    const session = cookieOf(await api.signIn());
    const listed = { Origin: 'https://tools.example', 'Content-Type': 'application/json' };
    const create = (headers: Record<string, string>) =>
      api.send('/api/jobs', { method: 'POST', headers, body: '{"type":"test.job"}' });
    expectProblem(await create({ ...session, ...listed }), 401, 'UNAUTHENTICATED');
    expectProblem(
      await create({ ...session, ...listed, Origin: 'https://evil.example' }),
      403,
      'CROSS_SITE_REQUEST',
    );
    const withKey = await create({ ...bearer(), ...listed });
    expect(withKey.status).toBe(201);
    expect(withKey.headers.get('access-control-allow-origin')).toBe('https://tools.example');
    expect(withKey.headers.get('access-control-allow-credentials')).toBeNull();
  });

  it('counts for a change only when a browser says that a page of this server makes it', async () => {
    const { Origin, ...session } = cookieOf(await api.signIn());
    const create = async (headers: Record<string, string>) => {
      const init = { method: 'POST', body: '{"type":"test.job"}' };
      const answer = await api.send('/api/jobs', {
        ...init,
        headers: { 'Content-Type': 'application/json', ...headers },
      });
      return answer.status;
    };
    expect(await create(session)).toBe(401);
    expect(await create({ ...session, 'Sec-Fetch-Site': 'none' })).toBe(401);
    expect(await create({ ...session, 'Sec-Fetch-Site': 'same-site', Origin })).toBe(403);
    expect(await create({ ...session, Origin })).toBe(201);
    expect(await create({ ...session, 'Sec-Fetch-Site': 'same-origin' })).toBe(201);
    expect(await create(bearer())).toBe(201);
    expect((await as(session)).status).toBe(200);
  });

  it('says that it ends with its key, where that ends sooner', async () => {
    const created = await api.post('/api/keys', { name: 'ci', role: 'operator', expiresIn: '1h' });
    const { key, expiresAt } = created.body as { key: string; expiresAt: string };
    expect((await api.post('/api/session', { key })).body).toMatchObject({ name: 'ci', expiresAt });
    expect((await as(cookieOf(await api.signIn(key)))).body).toMatchObject({ name: 'ci', expiresAt });
    const { key: lasting } = (await api.post('/api/keys', { name: 'cd', role: 'operator', expiresIn: '90d' }))
      .body;
    const session = (await as(cookieOf(await api.signIn(lasting)))).body as { expiresAt: string };
    expect(Date.parse(session.expiresAt)).toBeLessThanOrEqual(Date.now() + 7 * 86_400_000);
  });
});

describe('a request of a page of elsewhere', () => {
  const preflight = {
    ...NO_KEY,
    'Access-Control-Request-Method': 'POST',
    'Access-Control-Request-Headers': 'authorization',
  };

  it('is asked for only by origins of CORS_ORIGINS', async () => {
    api = await api.restart({ CORS_ORIGINS: 'https://tools.example' });
    const listed = await as({ ...preflight, Origin: 'https://tools.example' }, '/api/jobs', 'OPTIONS');
    expect(listed.status).toBe(204);
    expect(listed.headers.get('access-control-allow-headers')).toContain('Authorization');
    const other = await as({ ...preflight, Origin: 'https://evil.example' }, '/api/jobs', 'OPTIONS');
    expect(other.status).toBe(401);
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
    expect(other.headers.get('vary')).toContain('Origin');
  });
});

describe('a link to sign in', () => {
  it('signs in once, and leaves the address with the token at once', async () => {
    const url = await link();
    const first = await open(url);
    expect(first.status).toBe(303);
    expect(first.headers.get('location')).toBe('/sign-in/done?next=%2Fadmin%2Fqueues');
    expect(first.headers.get('referrer-policy')).toBe('no-referrer');
    expect(first.headers.get('cache-control')).toBe('no-store');
    const session = { ...NO_KEY, Cookie: first.headers.get('set-cookie')!.split(';')[0]! };
    expect((await as(session)).body).toMatchObject({ name: 'admin', role: 'admin', via: 'session' });
    const second = await open(url);
    expect(second.status).toBe(401);
    expect(second.headers.get('set-cookie')).toBeNull();
  });

  it('signs in one of many who use it at the same time', async () => {
    const url = await link();
    const all = await Promise.all(Array.from({ length: 8 }, () => open(url)));
    expect(all.filter(({ status }) => status === 303)).toHaveLength(1);
  });

  it('is not used up by a program that only looks whether it is there', async () => {
    const url = await link();
    expect((await as(NO_KEY, url.pathname + url.search, 'HEAD')).status).toBe(200);
    expect((await open(url)).status).toBe(303);
  });

  it('expires', async () => {
    const url = await link();
    await api.app.get(DataSource).query('UPDATE sign_in_links SET expires_at = now()');
    expect((await open(url)).status).toBe(401);
  });

  it.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/%0d%0aX: y\r\n',
    'javascript:alert(1)',
  ])('never leads to %j', async (next) => {
    const url = await link();
    url.searchParams.set('next', next);
    const { headers } = await open(url);
    expect(headers.get('location')).toBe('/sign-in/done?next=%2Fadmin%2Fqueues');
  });

  it('cannot be made by less than an admin', async () => {
    const { key } = await createKey('ci');
    expectProblem(await as(bearer(key), '/api/session/links', 'POST'), 403, 'FORBIDDEN');
  });
});

describe('signing in with a wrong key', () => {
  const wrong = () =>
    api.send('/api/session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"key":"wrong"}',
    });

  it('is refused, and has to wait after ten of them', async () => {
    for (let n = 0; n < 10; n++) expectProblem(await wrong(), 401, 'UNAUTHENTICATED');
    const answer = await wrong();
    expectProblem(answer, 429, 'TOO_MANY_REQUESTS');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('leaves no trace of the key in the answer or the audit log', async () => {
    const answer = await api.send('/api/session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"key":"sesame-open-yourself"}',
    });
    expect(JSON.stringify(answer.body)).not.toContain('sesame');
    const rows = await waitFor(async () => {
      const { items } = (await api.get('/api/audit?action=startSession')).body;
      return items.length > 0 && items;
    });
    expect(rows).toMatchObject([{ outcome: 'refused', status: 401, code: 'UNAUTHENTICATED' }]);
    expect(JSON.stringify(rows)).not.toContain('sesame');
  });
});
