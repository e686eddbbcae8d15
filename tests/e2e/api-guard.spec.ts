import { problemSchema } from '#libs/contracts';
import { bearer } from '../support/access.js';
import { rawRequest } from '../support/raw-request.js';
import { TestApi } from './api-client.js';

/** Sends a request with these very headers, as no browser lets a page do, and a key. */
const ask = (api: TestApi, path: string, headers: Record<string, string>, method = 'GET') =>
  rawRequest(api.url + path, { ...bearer(), ...headers }, method);

const DOORS = [
  '/api/health',
  '/api/jobs',
  '/api/docs',
  '/admin/queues',
  '/admin/queues/api/queues',
  '/nothing',
];

let api: TestApi;

const start = async (settings: Record<string, string> = {}) => (api = await TestApi.start({ settings }));

afterEach(() => api.close());

describe('the name a request is sent to', () => {
  it.each(DOORS)('must be one of this machine, for %s too', async (path) => {
    await start();
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:3000', 'a b']) {
      const { status, body } = await ask(api, path, { Host: host });
      expect([host, status]).toEqual([host, 403]);
      const problem = problemSchema.parse(JSON.parse(body));
      expect(problem).toMatchObject({ code: 'HOST_NOT_ALLOWED' });
      expect(problem.detail).toContain('ALLOWED_HOSTS');
    }
  });

  it.each(['localhost', 'localhost:3000', 'LOCALHOST:1', '127.0.0.1:9', '[::1]', '[::1]:3000'])(
    'may be %s',
    async (host) => {
      await start();
      expect((await ask(api, '/api/health', { Host: host })).status).toBe(200);
    },
  );

  it('may be one of ALLOWED_HOSTS, beside those of the machine', async () => {
    await start({ ALLOWED_HOSTS: 'drover.example, Other.Example', HOST: '0.0.0.0' });
    const status = async (host: string) => (await ask(api, '/api/health', { Host: host })).status;
    expect(await status('drover.example:8443')).toBe(200);
    expect(await status('other.example')).toBe(200);
    expect(await status('127.0.0.1:3000')).toBe(200);
    expect(await status('evil.example')).toBe(403);
  });

  it('may be any when the API listens beyond loopback and has no list', async () => {
    await start({ HOST: '0.0.0.0' });
    expect((await ask(api, '/api/health', { Host: 'anything.example' })).status).toBe(200);
  });
});

describe('a request that changes something', () => {
  const PAUSE = '/admin/queues/api/queues/jobs/pause';
  const put = async (headers: Record<string, string>) => (await ask(api, PAUSE, headers, 'PUT')).status;
  const own = () => ({ Host: new URL(api.url).host });

  beforeEach(() => start());

  it.each([
    ['another site', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }],
    ['another site, by an old browser', { Origin: 'https://evil.example' }],
    ['another port of this machine', { 'Sec-Fetch-Site': 'same-site', Origin: 'http://localhost:8080' }],
    ['another port, by an old browser', { Origin: 'http://127.0.0.1:1' }],
    ['a page without an origin', { Origin: 'null' }],
  ])('is refused when a page of %s sends it', async (_page, headers) => {
    const { status, body } = await ask(api, PAUSE, { ...own(), ...headers }, 'PUT');
    expect(status).toBe(403);
    expect(problemSchema.parse(JSON.parse(body))).toMatchObject({ code: 'CROSS_SITE_REQUEST' });
    const counts = await api.get('/admin/queues/api/queues');
    expect(counts.body.queues[0]).toMatchObject({ name: 'jobs', isPaused: false });
    expect((await ask(api, '/api/jobs', { ...own(), ...headers }, 'POST')).status).toBe(403);
  });

  it('is done for pages of this server, for people and for programs', async () => {
    expect(await put({ ...own(), 'Sec-Fetch-Site': 'same-origin', Origin: api.url })).toBe(200);
    expect(await put({ ...own(), Origin: api.url })).toBe(200);
    expect(await put({ ...own(), 'Sec-Fetch-Site': 'none' })).toBe(200);
    expect(await put(own())).toBe(200);
  });

  it('and one that reads is answered wherever it comes from: no other page can read the answer', async () => {
    const { status } = await ask(api, '/api/health', { ...own(), 'Sec-Fetch-Site': 'cross-site' });
    expect(status).toBe(200);
  });
});
