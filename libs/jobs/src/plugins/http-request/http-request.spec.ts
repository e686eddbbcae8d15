import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import { request } from './http-request.testkit.js';
import { TestServer } from './http-server.testkit.js';

describe('http.request', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterEach(() => server.reset());
  afterAll(() => server.close());

  const answerJson = (value: unknown, status = 200) => {
    server.answer = (_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
  };

  it('gives status, headers, JSON and how it went', async () => {
    answerJson({ stars: 7 });
    const { result, logs } = await request({ url: server.url('/repo') });
    expect(result).toMatchObject({
      status: 200,
      url: server.url('/repo'),
      redirects: 0,
      headers: { 'content-type': 'application/json' },
      bodyAs: 'json',
      body: { stars: 7 },
      bytes: 11,
    });
    expect(logs).toEqual([expect.stringMatching(/^GET http:.*\/repo: 200, 11 bytes, \d+ ms$/)]);
  });

  it.each([
    [{ text: 'grün' }, 'text/plain; charset=utf-8', 'grün'],
    [{ json: { a: [1, null] } }, 'application/json', '{"a":[1,null]}'],
    [{ base64: Buffer.from('bytes').toString('base64') }, 'application/octet-stream', 'bytes'],
  ])('sends a body (%#)', async (body, contentType, sent) => {
    await request({ url: server.url(), method: 'POST', body });
    expect(server.last).toMatchObject({ method: 'POST', body: sent });
    expect(server.last.headers).toMatchObject({
      'content-type': contentType,
      'content-length': String(Buffer.byteLength(sent)),
    });
  });

  it.each(['PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND', 'M-SEARCH'])('sends %s', async (method) => {
    await request({ url: server.url(), method });
    expect(server.last.method).toBe(method);
  });

  it('sends headers, also several of one name, and lets them replace its own', async () => {
    const headers = { 'X-One': 'a', accept: 'text/csv', 'x-many': ['b', 'c'] };
    await request({ url: server.url(), headers });
    expect(server.last.headers).toMatchObject({ 'x-one': 'a', accept: 'text/csv', 'x-many': 'b, c' });
  });

  it('adds to the query that an address has', async () => {
    await request({ url: server.url('/?a=1#part'), query: { b: ['x y', true], c: 2 } });
    expect(server.last.url).toBe('/?a=1&b=x+y&b=true&c=2');
  });

  it('sends the same idempotency key in each attempt of a job, and another for another job', async () => {
    const keys: unknown[] = [];
    for (const job of [{ id: 'ä\n1', attempt: 1 }, { id: 'ä\n1', attempt: 2 }, { id: '2' }]) {
      const payload = { url: server.url(), method: 'POST', idempotencyKey: true };
      await request(payload, {}, { job: { createdAt: new Date(0), ...job } });
      keys.push(server.last.headers['idempotency-key']);
    }
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['gzip, br', (text: string) => brotliCompressSync(gzipSync(text))],
  ])('unpacks %s', async (coding, pack) => {
    server.answer = (_, response) => {
      response
        .writeHead(200, { 'content-type': 'text/plain', 'content-encoding': coding })
        .end(pack('packed text'));
    };
    expect((await request({ url: server.url() })).result).toMatchObject({ body: 'packed text', bytes: 11 });
  });

  it('reads text in the charset the response names', async () => {
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain; charset=iso-8859-1' }).end(Buffer.from([0xe4]));
    };
    expect((await request({ url: server.url() })).result).toMatchObject({ bodyAs: 'text', body: 'ä' });
  });

  it.each([
    ['image/png', 'auto', { bodyAs: 'base64', body: '/wA=' }],
    ['text/plain', 'base64', { bodyAs: 'base64', body: '/wA=' }],
  ])('gives bytes of %s as %s in Base64', async (contentType, as, expected) => {
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-type': contentType }).end(Buffer.from([0xff, 0x00]));
    };
    expect((await request({ url: server.url(), response: { to: 'result', as } })).result).toMatchObject(
      expected,
    );
  });

  it('takes for text what says it is JSON and is not, unless the job wants JSON', async () => {
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{oops');
    };
    expect((await request({ url: server.url() })).result).toMatchObject({ bodyAs: 'text', body: '{oops' });
    const { outcome } = await request({ url: server.url(), response: { to: 'result', as: 'json' } });
    expect(outcome).toMatchObject({
      kind: 'failed',
      retry: false,
      error: { code: 'HTTP_RESPONSE_UNREADABLE' },
    });
  });

  it.each([
    ['HEAD', 200],
    ['GET', 204],
  ])('takes %s with %i for a response without a body, whatever its headers say', async (method, status) => {
    server.answer = (_, response) => {
      const length = method === 'HEAD' ? { 'content-length': '999999999' } : {};
      response.writeHead(status, { 'content-encoding': 'gzip', ...length }).end();
    };
    const { result } = await request({ url: server.url(), method });
    expect(result).toMatchObject({ status, bytes: 0 });
    expect(result).not.toHaveProperty('body');
  });

  it('keeps a response as an artifact, with its content type', async () => {
    const content = Buffer.alloc(300_000, 'x');
    server.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/csv' }).end(content);
    };
    const run = await request({ url: server.url(), response: { to: 'artifact', name: 'list.csv' } });
    const artifact = { jobId: '1', name: 'list.csv', size: 300_000, contentType: 'text/csv' };
    expect(run.result).toMatchObject({ status: 200, bytes: 300_000, artifact });
    expect(run.result).not.toHaveProperty('body');
    expect(await buffer((await run.artifacts.open(artifact)).stream)).toEqual(content);
  });

  it.each([
    [404, ['2xx'], false],
    [404, [404], true],
    [201, ['200-202', 299], true],
    [203, ['200-202', 299], false],
    [503, ['4xx', '5xx'], true],
  ])('takes status %i for expected by %j: %s', async (status, expect_, expected) => {
    answerJson({}, status);
    expect((await request({ url: server.url(), expect: expect_ })).outcome.kind).toBe(
      expected ? 'completed' : 'failed',
    );
  });

  it.each([
    [400, false],
    [401, false],
    [404, false],
    [408, true],
    [409, false],
    [425, true],
    [429, true],
    [500, true],
    [503, true],
  ])('a %i that was not expected may be tried again: %s', async (status, retry) => {
    answerJson({ message: 'no\r\nway' }, status);
    const { outcome } = await request({ url: server.url('/x') });
    expect(outcome).toMatchObject({
      kind: 'failed',
      retry,
      error: { code: 'HTTP_UNEXPECTED_STATUS', status },
    });
  });

  it('an unexpected status tells what the server said, and when to come back', async () => {
    server.answer = (_, response) => {
      response.writeHead(429, { 'retry-after': '120', 'content-type': 'text/plain' }).end('slow\r\n  down');
    };
    const { error, outcome } = await request({ url: server.url('/x') });
    expect(outcome).toMatchObject({ kind: 'failed', retry: true, retryAfterMs: 120_000 });
    expect(error).toMatchObject({
      code: 'HTTP_UNEXPECTED_STATUS',
      status: 429,
      message: `GET ${server.url('/x')} answered 429 Too Many Requests, and asks to wait 120 s: slow down`,
    });
  });

  it.each([
    [503, { 'retry-after': '0' }],
    [503, { 'retry-after': 'soon' }],
    [503, {}],
    [500, { 'retry-after': '120' }],
  ])('a %i with %j is tried again when the backoff says', async (status, headers) => {
    server.answer = (_, response) => void response.writeHead(status, headers).end();
    const { outcome } = await request({ url: server.url('/x') });
    expect(outcome).toMatchObject({ kind: 'failed', retry: true });
    expect(outcome).not.toHaveProperty('retryAfterMs');
  });

  it('an unexpected status shows no more than the beginning of a long body', async () => {
    server.answer = (_, response) => {
      response.writeHead(500, { 'content-type': 'text/plain' }).end('x'.repeat(1_000_000));
    };
    const { error } = await request({ url: server.url() });
    expect(error?.message.length).toBeLessThan(400);
  });

  it.each([
    [{ url: 'not an address' }],
    [{ url: '/relative' }],
    [{ url: 'https://a.test', method: 'CONNECT' }],
    [{ url: 'https://a.test', method: 'TRACE' }],
    [{ url: 'https://a.test', method: 'GET /x' }],
    [{ url: 'https://a.test', surprise: 1 }],
    [{ url: 'https://a.test', body: { text: 'a', json: 1 } }],
    [{ url: 'https://a.test', expect: ['7xx'] }],
    [{ url: 'https://a.test', auth: { type: 'bearer', token: 'in the clear' } }],
  ])('refuses a payload that does not fit: %j', async (payload) => {
    expect((await request(payload)).outcome).toMatchObject({
      kind: 'failed',
      retry: false,
      error: { code: 'PAYLOAD_MISMATCH' },
    });
  });
});
