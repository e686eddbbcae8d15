import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { InvalidSettingsError } from '#libs/contracts';
import { HttpRequestPlugin } from './http-request.plugin.js';
import { request } from './http-request.testkit.js';
import { TestServer } from './http-server.testkit.js';

const TOKEN = 'a"token/of-some=length';
const REFUSED = { kind: 'failed', retry: false, error: { code: 'HTTP_REQUEST_REFUSED' } };
const ADDRESS_REFUSED = { kind: 'failed', retry: false, error: { code: 'HTTP_ADDRESS_REFUSED' } };

describe('where http.request may go', () => {
  let server: TestServer;
  let other: TestServer;

  beforeAll(async () => {
    server = await TestServer.start();
    other = await TestServer.start('::');
  });
  afterEach(() => {
    server.reset();
    other.reset();
  });
  afterAll(() => Promise.all([server.close(), other.close()]));

  const closed = { HTTP_ALLOW_PRIVATE: 'false' };

  it.each([
    '127.0.0.1',
    'localhost',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    '127.1',
    '127.0.0.1.',
    '%6c%6f%63%61%6c%68%6f%73%74',
    '①②⑦.⓪.⓪.①',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:7f00:0001]',
    '[64:ff9b::7f00:1]',
    '0.0.0.0',
    '0',
    '[::]',
    '169.254.169.254',
    '10.0.0.1',
    '[fe80::1]',
    '224.0.0.1',
    '255.255.255.255',
  ])('not to %s', async (host) => {
    const { outcome } = await request({ url: other.url('/', host), timeout: 5000 }, closed);
    expect(outcome).toMatchObject(ADDRESS_REFUSED);
    expect(other.seen).toEqual([]);
  });

  it('to private addresses where the settings say so, but not to link-local ones', async () => {
    expect((await request({ url: other.url('/', '[::1]') })).outcome.kind).toBe('completed');
    expect((await request({ url: 'http://169.254.169.254/latest/meta-data' })).outcome).toMatchObject(
      ADDRESS_REFUSED,
    );
  });

  it('to a private host that is named', async () => {
    const environment = { ...closed, HTTP_PRIVATE_HOSTS: `localhost:${server.port}` };
    expect((await request({ url: server.url('/', 'localhost') }, environment)).outcome.kind).toBe(
      'completed',
    );
    expect((await request({ url: server.url('/') }, environment)).outcome).toMatchObject(ADDRESS_REFUSED);
  });

  it('after a redirect as little as before', async () => {
    server.answer = (_, response) => void response.writeHead(302, { location: other.url() }).end();
    const environment = { ...closed, HTTP_PRIVATE_HOSTS: `127.0.0.1:${server.port}` };
    expect((await request({ url: server.url() }, environment)).outcome).toMatchObject(ADDRESS_REFUSED);
    expect(server.seen).toHaveLength(1);
    expect(other.seen).toEqual([]);
  });

  it('only to allowed hosts where there are some, redirects too', async () => {
    const environment = { HTTP_ALLOWED_HOSTS: `127.0.0.1:${server.port}, *.example.org` };
    expect((await request({ url: server.url() }, environment)).outcome.kind).toBe('completed');
    expect((await request({ url: other.url() }, environment)).outcome).toMatchObject(REFUSED);
    server.answer = (_, response) => void response.writeHead(302, { location: other.url() }).end();
    expect((await request({ url: server.url() }, environment)).outcome).toMatchObject(REFUSED);
    expect(other.seen).toEqual([]);
  });

  it.each([
    'file:///etc/passwd',
    'ftp://127.0.0.1/',
    'data:text/plain,x',
    'gopher://127.0.0.1/',
    'ws://127.0.0.1/',
  ])('not to %s, neither from a redirect', async (url) => {
    expect((await request({ url })).outcome).toMatchObject(REFUSED);
    server.answer = (_, response) => void response.writeHead(302, { location: url }).end();
    expect((await request({ url: server.url() })).outcome).toMatchObject(REFUSED);
  });

  it('not with credentials in the address', async () => {
    expect((await request({ url: `http://user:pass@127.0.0.1:${server.port}/` })).outcome).toMatchObject(
      REFUSED,
    );
    expect(server.seen).toEqual([]);
  });

  it('as far as it is redirected, up to a limit', async () => {
    server.answer = ({ url }, response) => {
      const left = Number(url.slice(1));
      if (left === 0) response.end('there');
      else response.writeHead(302, { location: `/${left - 1}` }).end('elsewhere');
    };
    const { result } = await request({ url: server.url('/3'), redirects: 3 });
    expect(result).toMatchObject({ status: 200, redirects: 3, url: server.url('/0') });
    const { outcome } = await request({ url: server.url('/3'), redirects: 2 });
    expect(outcome).toMatchObject({
      kind: 'failed',
      retry: false,
      error: { code: 'HTTP_TOO_MANY_REDIRECTS' },
    });
  });

  it('nowhere else when redirects are 0, or are what is expected', async () => {
    server.answer = (_, response) => void response.writeHead(302, { location: '/next' }).end();
    for (const payload of [{ redirects: 0, expect: ['3xx'] }, { expect: [302] }]) {
      const { result } = await request({ url: server.url(), ...payload });
      expect(result).toMatchObject({ status: 302, redirects: 0, headers: { location: '/next' } });
    }
    const { error } = await request({ url: server.url(), redirects: 0 });
    expect(error).toMatchObject({ code: 'HTTP_UNEXPECTED_STATUS', status: 302 });
  });

  it.each([
    [{ 'x-a': 'b\r\nx-injected: 1' }],
    [{ 'x-a': 'b\nc' }],
    [{ 'x-a': 'b\u0000' }],
    [{ 'x-a': 'ā' }],
    [{ 'x-a\r\nx-injected': '1' }],
    [{ 'x a': '1' }],
    [{ '': '1' }],
    [{ host: 'internal' }],
    [{ 'Content-Length': '5' }],
    [{ 'Transfer-Encoding': 'chunked' }],
    [{ Connection: 'close' }],
    [{ 'X-A': '1', 'x-a': '2' }],
    [{ 'x-a': { secret: 'T', prefix: 'a\r\nb' } }],
  ])('with no header that could be another: %j', async (headers) => {
    expect((await request({ url: server.url(), headers })).outcome).toMatchObject({
      kind: 'failed',
      retry: false,
      error: { code: 'PAYLOAD_MISMATCH' },
    });
    expect(server.seen).toEqual([]);
  });

  describe('with a secret', () => {
    const environment = () => ({
      JOB_SECRET_TOKEN: TOKEN,
      JOB_SECRET_TOKEN_HOSTS: `http://127.0.0.1:${server.port}`,
    });
    const bearer = { type: 'bearer', token: { secret: 'TOKEN' } };
    const basic = { type: 'basic', username: 'ada', password: { secret: 'TOKEN' } };
    const everything = (value: unknown) => JSON.stringify(value, (_, item: unknown) => item);

    it.each([
      [{ auth: bearer }, 'authorization', `Bearer ${TOKEN}`],
      [{ auth: basic }, 'authorization', `Basic ${Buffer.from(`ada:${TOKEN}`).toString('base64')}`],
      [{ headers: { 'X-Api-Key': { secret: 'TOKEN' } } }, 'x-api-key', TOKEN],
      [
        { headers: { authorization: { secret: 'TOKEN', prefix: 'token ' } } },
        'authorization',
        `token ${TOKEN}`,
      ],
    ])(
      'it is sent (%#), and nothing of it is kept, whatever the server gives back',
      async (payload, name, sent) => {
        server.answer = ({ headers }, response) => {
          const echoed = { headers, [TOKEN]: TOKEN, url: encodeURIComponent(TOKEN) };
          response
            .writeHead(200, { 'content-type': 'application/json', 'x-echo': String(headers[name]) })
            .end(JSON.stringify(echoed));
        };
        const run = await request({ url: server.url(), ...payload }, environment());
        expect(server.last.headers[name]).toBe(sent);
        expect(run.result.headers['x-echo']).toContain('[secret TOKEN]');
        const kept = everything([run.result, run.logs, run.warnings, run.checkpoints]);
        for (const form of [TOKEN, sent, JSON.stringify(TOKEN).slice(1, -1), encodeURIComponent(TOKEN)]) {
          expect(kept).not.toContain(JSON.stringify(form).slice(1, -1));
        }
      },
    );

    it('nothing of it is in an artifact', async () => {
      server.answer = ({ headers }, response) => {
        response
          .writeHead(200, { 'content-encoding': 'gzip' })
          .end(gzipSync(`${'x'.repeat(100_000)}${headers.authorization}${'y'.repeat(100_000)}`));
      };
      const payload = { url: server.url(), auth: bearer, response: { to: 'artifact', name: 'echo.txt' } };
      const run = await request(payload, environment());
      const content = await buffer((await run.artifacts.open({ jobId: '1', name: 'echo.txt' })).stream);
      expect(content.toString()).toBe(`${'x'.repeat(100_000)}Bearer [secret TOKEN]${'y'.repeat(100_000)}`);
    });

    it.each([
      ['an unexpected status', 500, { expect: ['2xx'] }],
      ['a redirect too many', 302, { redirects: 1 }],
    ])('nothing of it is in the error of %s', async (_, status, payload) => {
      server.answer = ({ headers }, response) => {
        const sent = String(headers.authorization);
        response
          .writeHead(status, { 'content-type': 'text/plain', location: `/${encodeURIComponent(TOKEN)}` })
          .end(sent);
      };
      const run = await request({ url: server.url(), auth: bearer, ...payload }, environment());
      expect(run.error?.message).toContain('[secret TOKEN]');
      const shown = [run.error?.message, run.error?.stack, ...run.logs].join('\n');
      expect(shown).not.toContain(TOKEN);
      expect(shown).not.toContain(encodeURIComponent(TOKEN));
    });

    it('it stays behind when a redirect leads to another origin', async () => {
      server.answer = (_, response) => void response.writeHead(307, { location: other.url() }).end();
      const headers = { cookie: 'session=1', 'x-key': { secret: 'TOKEN' }, accept: 'text/csv' };
      const run = await request({ url: server.url(), auth: bearer, headers }, environment());
      expect(run.outcome.kind).toBe('completed');
      expect(server.last.headers).toMatchObject({ authorization: `Bearer ${TOKEN}`, cookie: 'session=1' });
      expect(other.last.rawHeaders.join('\n')).not.toContain(TOKEN);
      expect(other.last.headers).not.toHaveProperty('cookie');
      expect(other.last.headers.accept).toBe('text/csv');
    });

    it('it goes along when a redirect stays', async () => {
      server.answer = ({ url }, response) => {
        if (url === '/') response.writeHead(302, { location: '/next' });
        response.end();
      };
      await request({ url: server.url(), auth: bearer }, environment());
      expect(server.last).toMatchObject({ url: '/next', headers: { authorization: `Bearer ${TOKEN}` } });
    });

    it('it is not sent to any other host', async () => {
      const { outcome, error } = await request({ url: other.url(), auth: bearer }, environment());
      expect(outcome).toMatchObject(REFUSED);
      expect(error?.message).toContain('may not be sent to');
      expect(other.seen).toEqual([]);
    });

    it('it must be one of the configured ones: other variables are out of reach', async () => {
      const auth = { type: 'bearer', token: { secret: 'PATH' } };
      const { outcome } = await request({ url: server.url(), auth }, { ...environment(), PATH: '/usr/bin' });
      expect(outcome).toMatchObject(REFUSED);
    });
  });
});

it('settings that cannot be used are named when the worker starts', () => {
  const start = () =>
    HttpRequestPlugin.forRoot({ HTTP_ALLOW_PRIVATE: 'yes', HTTP_ALLOWED_HOSTS: 'https://a.test' });
  expect(start).toThrow(InvalidSettingsError);
  expect(start).toThrow(/HTTP_ALLOW_PRIVATE: .*\(got "yes"\)/);
  expect(start).toThrow(/HTTP_ALLOWED_HOSTS: must be hosts like/);
});
