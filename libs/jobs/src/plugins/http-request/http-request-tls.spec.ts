import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidSettingsError } from '#libs/contracts';
import { Agent } from 'undici';
import { TEST_AUTHORITY, TEST_CERTIFICATE } from '../../../../../tests/support/certificate.js';
import { guardedConnector, type Resolve } from './guard/connector.js';
import { ReachPolicy } from './guard/policy.js';
import { HttpRequestPlugin } from './http-request.plugin.js';
import { request } from './http-request.testkit.js';
import { TestServer } from './http-server.testkit.js';
import { readHttpRequestSettings } from './settings.js';

const TOKEN = 'a-token-of-some-length';
const REFUSED = { kind: 'failed', retry: false, error: { code: 'HTTP_REQUEST_REFUSED' } };
const CERTIFICATE_REFUSED = { kind: 'failed', retry: true, error: { code: 'HTTP_CERTIFICATE_REFUSED' } };

const folder = mkdtempSync(join(tmpdir(), 'drover-tls-'));
const known = { HTTP_CA_FILE: join(folder, 'ca.pem') };
const names: (string | false | null)[] = [];
let server: TestServer;
let other: TestServer;
let plain: TestServer;

beforeAll(async () => {
  writeFileSync(known.HTTP_CA_FILE, TEST_AUTHORITY.ca);
  const tls = {
    ...TEST_AUTHORITY.server,
    SNICallback: (name: string, done: (error: null) => void) => {
      names.push(name);
      done(null);
    },
  };
  server = await TestServer.start('127.0.0.1', tls);
  other = await TestServer.start('127.0.0.2', tls);
  plain = await TestServer.start();
});
afterEach(() => {
  names.splice(0);
  [server, other, plain].forEach((one) => one.reset());
});
afterAll(async () => {
  await Promise.all([server, other, plain].map((one) => one.close()));
  rmSync(folder, { recursive: true });
});

it('a server that an authority of HTTP_CA_FILE vouches for is asked, by its name', async () => {
  const run = await request({ url: server.url('/', 'localhost') }, known);
  expect(run.outcome.kind).toBe('completed');
  expect(run.result.url).toBe(server.url('/', 'localhost'));
  expect(names).toEqual(['localhost']);
});

it('a server that nobody known vouches for is told nothing, and the error says what to do', async () => {
  const run = await request({ url: server.url('/'), method: 'POST', body: { text: 'private' } });
  expect(run.outcome).toMatchObject(CERTIFICATE_REFUSED);
  expect(run.error?.message).toMatch(
    /^the certificate of 127\.0\.0\.1:\d+ is refused: .*\(UNABLE_TO_VERIFY_LEAF_SIGNATURE\); HTTP_CA_FILE/,
  );
  expect(server.seen).toEqual([]);
});

it('a certificate that vouches for itself is refused, also beside an authority of our own', async () => {
  const own = await TestServer.start('127.0.0.1', TEST_CERTIFICATE);
  expect((await request({ url: own.url('/') }, known)).outcome).toMatchObject(CERTIFICATE_REFUSED);
  expect(own.seen).toEqual([]);
  await own.close();
});

it('a certificate for another host is refused', async () => {
  const run = await request({ url: other.url('/', '127.0.0.2') }, known);
  expect(run.outcome).toMatchObject(CERTIFICATE_REFUSED);
  expect(run.error?.message).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
  expect(other.seen).toEqual([]);
});

it('a server that speaks no TLS is a failure of the connection', async () => {
  const url = plain.url('/').replace('http:', 'https:');
  expect((await request({ url }, known)).outcome).toMatchObject({
    kind: 'failed',
    retry: true,
    error: { code: 'HTTP_REQUEST_FAILED' },
  });
});

it.each([301, 302, 303, 307, 308])(
  'a %i from https to http is refused, and nothing is sent there',
  async (status) => {
    server.answer = (_, response) => void response.writeHead(status, { location: plain.url('/') }).end();
    const payload = { url: server.url('/'), method: 'POST', body: { text: 'private' } };
    const run = await request(payload, known);
    expect(run.outcome).toMatchObject(REFUSED);
    expect(run.error?.message).toBe(`a redirect leads from https to http: ${new URL(plain.url()).origin}`);
    expect(plain.seen).toEqual([]);
    const looked = await request({ ...payload, redirects: 0, expect: ['3xx'] }, known);
    expect(looked.result).toMatchObject({ status, headers: { location: plain.url('/') } });
  },
);

it('a redirect from http to https is followed', async () => {
  plain.answer = (_, response) => void response.writeHead(301, { location: server.url('/') }).end();
  expect((await request({ url: plain.url('/') }, known)).result).toMatchObject({ status: 200, redirects: 1 });
});

it('a secret goes to its own host, and follows no redirect to another host or port of it', async () => {
  const environment = {
    ...known,
    JOB_SECRET_TOKEN: TOKEN,
    JOB_SECRET_TOKEN_HOSTS: `localhost:${server.port}`,
  };
  const elsewhere = await TestServer.start('127.0.0.1', TEST_AUTHORITY.server);
  for (const location of [server.url('/next', '127.0.0.1'), elsewhere.url('/next', 'localhost')]) {
    server.reset();
    server.answer = ({ url }, response) => {
      if (url === '/') response.writeHead(307, { location });
      response.end();
    };
    const auth = { type: 'bearer', token: { secret: 'TOKEN' } };
    const headers = { 'x-key': { secret: 'TOKEN' }, cookie: 'session=1' };
    const run = await request({ url: server.url('/', 'localhost'), auth, headers }, environment);
    expect(run.outcome.kind).toBe('completed');
    const [first, ...rest] = [...server.seen, ...elsewhere.seen];
    expect(first!.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(rest.map(({ url }) => url)).toEqual(['/next']);
    expect(rest[0]!.rawHeaders.join('\n')).not.toMatch(/token|session/);
  }
  await elsewhere.close();
});

it('a name that changes its address between two connections is checked at each, under TLS too', async () => {
  const answers = ['127.0.0.1', '169.254.169.254'];
  const resolve: Resolve = (_, __, callback) =>
    callback(null, [{ address: answers.shift() ?? '0.0.0.0', family: 4 }]);
  const policy = new ReachPolicy(readHttpRequestSettings({ HTTP_ALLOW_PRIVATE: 'true' }));
  const connect = guardedConnector(policy, { resolve, ca: [TEST_AUTHORITY.ca] });
  const agent = new Agent({ connect });
  const ask = () =>
    agent.request({ origin: server.url('', 'shop.test'), path: '/', method: 'GET', reset: true });
  const { statusCode, body } = await ask();
  await body.dump();
  expect(statusCode).toBe(200);
  expect(names).toEqual(['shop.test']);
  await expect(ask()).rejects.toMatchObject({ code: 'HTTP_ADDRESS_REFUSED' });
  expect(server.seen).toHaveLength(1);
  await agent.destroy();
});

it.each([
  ['/no/such/file', /HTTP_CA_FILE: cannot be read/],
  [join(folder, 'not-pem'), /HTTP_CA_FILE: .* has no certificate/],
])('a file that holds no authority stops the start: %s', (file, message) => {
  writeFileSync(join(folder, 'not-pem'), 'x');
  const start = () => HttpRequestPlugin.forRoot({ HTTP_CA_FILE: file });
  expect(start).toThrow(InvalidSettingsError);
  expect(start).toThrow(message);
});
