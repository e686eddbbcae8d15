import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expectProblem, TestApi } from './api-client.js';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start();
});

afterAll(() => api.close());

// Whatever a test sends: nothing of it may become a job.
afterEach(async () => {
  expect((await api.get('/api/jobs/stats')).body.total).toBe(0);
});

const post = (body: string | Uint8Array, type?: string) => api.postRaw('/api/jobs', body, type);

/** Sends bytes that no well-behaved client sends, and gives the first line of the answer. */
function sendBytes(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1', () => socket.end(bytes));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer.split('\r\n', 1)[0] ?? ''));
    socket.on('error', reject);
  });
}

describe('a body that is no JSON', () => {
  it.each([
    '{',
    '{"type":}',
    "{'type':'x'}",
    '{"type":"x"} x',
    'undefined',
    '{"type":"x",}',
    '\u0000',
    '\ufeff{',
  ])('is refused: %j', async (body) => {
    expectProblem(await post(body), 400, 'INVALID_JSON');
  });

  it('is refused when it is not UTF-8, instead of being changed', async () => {
    const broken = Buffer.concat([
      Buffer.from('{"type":"x","payload":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    expectProblem(await post(broken), 400, 'INVALID_JSON');
  });

  it('is refused in another character set', async () => {
    const body = Buffer.from('{"type":"x"}', 'utf16le');
    expectProblem(await post(body, 'application/json; charset=utf-16le'), 415, 'UNSUPPORTED_MEDIA_TYPE');
  });

  it.each(['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data', 'application/xml'])(
    'is refused as %s, which any web page could send',
    async (type) => {
      expectProblem(await post('{"type":"x"}', type), 415, 'UNSUPPORTED_MEDIA_TYPE');
    },
  );

  it('is refused in an encoding nobody knows', async () => {
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'rot13' };
    const answer = await api.send('/api/jobs', { method: 'POST', headers, body: '{"type":"x"}' });
    expectProblem(answer, 415, 'UNSUPPORTED_MEDIA_TYPE');
  });
});

describe('a body of the wrong form', () => {
  it.each(['null', '[]', '"x"', '7', 'true', ''])('is refused as a whole: %j', async (body) => {
    const answer = await post(body);
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors.length).toBeGreaterThan(0);
  });

  it.each([
    [{ payload: {} }, 'type'],
    [{ type: '' }, 'type'],
    [{ type: ['x'] }, 'type'],
    [{ type: 'x', typo: 1 }, 'typo'],
    [{ type: 'x', priority: 'urgent' }, 'priority'],
    [{ type: 'x', delay: 30 * 86_400_000 + 1 }, 'delay'],
    [{ type: 'x', delay: -1 }, 'delay'],
    [{ type: 'x', delay: '1000' }, 'delay'],
    [{ type: 'x', attempts: 0 }, 'attempts'],
    [{ type: 'x', attempts: 101 }, 'attempts'],
    [{ type: 'x', attempts: 1.5 }, 'attempts'],
    [{ type: 'x', timeout: 0 }, 'timeout'],
    [{ type: 'x', id: '' }, 'id'],
    [{ type: 'x', id: 'x'.repeat(201) }, 'id'],
    [{ type: 'x', id: 'a\nb' }, 'id'],
    [{ type: 'x', id: '\ud800' }, 'id'],
    [{ type: 'x', id: 'stats' }, 'id'],
    [{ type: 'x', id: 7 }, 'id'],
    [{ type: 'x', id: 'repeat:nightly:1' }, 'id'],
    [{ type: 'x', id: 'once-x' }, 'id'],
    [{ type: 'x', id: 'flow-once-x' }, 'id'],
  ])('is refused with the name of the field: %j', async (body, path) => {
    const answer = await api.post('/api/jobs', body);
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toEqual([path]);
    expect(answer.body.detail).toContain(path);
  });

  it('cannot choose ids that the service makes, in many jobs and in batches neither', async () => {
    const job = { type: 'x', id: 'once-x' };
    for (const [path, body, field] of [
      ['/api/jobs/bulk', { jobs: [{ type: 'x' }, job] }, 'jobs.1.id'],
      ['/api/batches', { items: [job] }, 'items.0.id'],
    ] as const) {
      const answer = await api.post(path, body);
      expectProblem(answer, 400, 'INVALID_REQUEST');
      expect(answer.body.errors).toMatchObject([{ path: field }]);
    }
  });

  it('does not take keys of every object for fields', async () => {
    const answer = await post('{"type":"x","__proto__":{"id":"polluted"},"constructor":{}}');
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors).toEqual([
      { path: '__proto__', message: 'unknown field' },
      { path: 'constructor', message: 'unknown field' },
    ]);
  });

  it.each(['9007199254740993', '123456789012345678901', '1e400'])(
    'is refused when a number would change: %s',
    async (literal) => {
      const answer = await post(`{"type":"x","payload":{"n":${literal}}}`);
      expectProblem(answer, 400, 'UNSAFE_NUMBER');
      expect(answer.body.detail).toContain(literal);
    },
  );
});

describe('a body that is too much', () => {
  it('is refused with a payload over 256 KiB', async () => {
    const answer = await api.post('/api/jobs', { type: 'x', payload: 'x'.repeat(256 * 1024) });
    expectProblem(answer, 413, 'PAYLOAD_TOO_LARGE');
    expect(answer.body.detail).toContain('262144');
  });

  it('is refused when it is many megabytes', async () => {
    expectProblem(await post(`{"type":"${'x'.repeat(20_000_000)}"}`), 413, 'PAYLOAD_TOO_LARGE');
  });

  it('is refused when it unpacks to many megabytes', async () => {
    const body = new Uint8Array(gzipSync(`{"type":"x","payload":"${'x'.repeat(20_000_000)}"}`));
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
    expectProblem(await api.send('/api/jobs', { method: 'POST', headers, body }), 413, 'PAYLOAD_TOO_LARGE');
  });

  it.each([
    ['101 levels', 101],
    ['a hundred thousand levels', 100_000],
  ])('is refused when it is nested %s deep', async (_name, levels) => {
    const answer = await post(`{"type":"x","payload":${'['.repeat(levels)}${']'.repeat(levels)}}`);
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors).toEqual([
      { path: 'payload', message: 'must not be nested deeper than 100 levels' },
    ]);
  });

  it('is answered shortly when it has fifty thousand unknown fields', async () => {
    const fields = Array.from({ length: 50_000 }, (_, n) => `"f${n}":1`).join(',');
    const answer = await post(`{"type":"x",${fields}}`);
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors).toHaveLength(50);
  });
});

describe('a URL that is wrong', () => {
  it.each([
    ['page=0', 'page'],
    ['page=-1', 'page'],
    ['page=two', 'page'],
    ['page=1.5', 'page'],
    ['page=99999999999', 'page'],
    ['pageSize=0', 'pageSize'],
    ['pageSize=101', 'pageSize'],
    ['status=done', 'status'],
    ['status=processing', 'status'],
    ['type=', 'type'],
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=5&page=1', 'page'],
    ['first=5', 'first'],
    ['page=1&page=2', 'page'],
    ['__proto__=1', '__proto__'],
  ])('is refused with the name of the parameter: ?%s', async (query, path) => {
    const answer = await api.get(`/api/jobs?${query}`);
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors[0].path).toBe(path);
  });

  it.each(['/api/jobs/%FF', '/api/jobs/%', '/api/jobs/%E0%A4%A/x'])(
    'is refused with a broken code: %s',
    async (path) => {
      expectProblem(await api.get(path), 400, 'INVALID_URL');
    },
  );

  it.each([
    '/',
    '/api',
    '/api/',
    '/api/job',
    '/api/jobs/a/b',
    '/favicon.ico',
    '/../../etc/passwd',
    '/api/docs/LICENSE',
  ])('is not found: %s', async (path) => {
    expectProblem(await api.get(path), 404, 'ROUTE_NOT_FOUND');
  });

  it.each(['PUT', 'DELETE', 'PATCH'])('is told what it may do instead of %s', async (method) => {
    const answer = await api.send('/api/jobs', { method });
    expectProblem(answer, 405, 'METHOD_NOT_ALLOWED');
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST');
  });

  it('is not found with any method when its path has none', async () => {
    expectProblem(await api.send('/api/job', { method: 'DELETE' }), 404, 'ROUTE_NOT_FOUND');
  });

  it.each([
    '%00',
    'nobody%0d%0aX-Injected:1',
    '%F0%9F%90%84',
    'a'.repeat(5000),
    '..%2f..%2fhealth',
    '%7B%7D*?',
  ])('asks for a job that does not exist: %s', async (id) => {
    const answer = await api.get(`/api/jobs/${id}`);
    expect([400, 404]).toContain(answer.status);
    expectProblem(answer, answer.status, answer.status === 404 ? 'JOB_NOT_FOUND' : 'INVALID_JOB_ID');
    expect(answer.headers.get('x-injected')).toBeNull();
  });
});

describe('an action that is wrong', () => {
  it.each([
    [{}, 'action'],
    [{ action: 'explode' }, 'action'],
    [{ action: 'toString' }, 'action'],
    [{ action: '__proto__' }, 'action'],
    [{ action: 'retry', force: true }, 'force'],
  ])('is refused: %j', async (body, path) => {
    const answer = await api.post('/api/jobs/nobody/action', body);
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors[0].path).toBe(path);
  });
});

describe('the connection', () => {
  it.each([
    ['no HTTP at all', 'HELLO\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
    ['a head of 40 KB', `GET / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 'HTTP/1.1 431'],
  ])('outlives %s', async (_name, bytes, answer) => {
    expect(await sendBytes(bytes)).toContain(answer);
    expect((await api.get('/api/health')).status).toBe(200);
  });

  it('outlives a caller that leaves in the middle of its body', async () => {
    await sendBytes(
      'POST /api/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"ty',
    );
    expect((await api.get('/api/health')).status).toBe(200);
  });
});

describe('headers', () => {
  it('say nothing about the software, and keep browsers from guessing', async () => {
    const { headers } = await api.get('/api/jobs');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it("carry the caller's request id, unless it is no plain word", async () => {
    const send = async (id: string) =>
      (await api.send('/api/jobs/nobody', { headers: { 'X-Request-Id': id } })).body.requestId as string;
    expect(await send('trace-42')).toBe('trace-42');
    expect(await send('<script>')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await send('x'.repeat(65))).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('a queue with a control character', () => {
  it.each([
    '/api/jobs?',
    '/api/jobs/stats?',
    '/api/jobs/1?',
    '/api/jobs/1/logs?',
    '/api/history?',
    '/api/history/count?',
    '/api/history/export?format=csv&',
    '/api/history/1?',
    '/api/statistics?',
    '/api/dead-letters?',
    '/api/dead-letters/groups?',
    '/api/schedules?',
    '/api/schedules/1?',
    '/api/batches?',
    '/api/flows/1?',
    '/api/types?',
    '/api/types/x?',
  ])('is refused by name: %squeue=', async (path) => {
    for (const queue of ['%00', 'a%07', 'a%7f', '%c2%85b']) {
      const answer = await api.get(`${path}queue=${queue}`);
      expectProblem(answer, 400, 'INVALID_REQUEST');
      expect(answer.body.errors[0].path).toBe('queue');
    }
  });

  it('is refused in a path and in a body', async () => {
    expectProblem(await api.get('/api/queues/%00'), 400, 'INVALID_REQUEST');
    expectProblem(await api.post('/api/jobs', { type: 'x', queue: 'a\u0000' }), 400, 'INVALID_REQUEST');
    expectProblem(await api.post('/api/jobs', { type: 'x', queue: 'a\ud800' }), 400, 'INVALID_REQUEST');
  });
});

describe('a time', () => {
  it.each([
    ['/api/history/count?createdFrom=2026-01-01T00:00:00-23:59', 200],
    ['/api/history/count?finishedTo=2026-01-01T00:00:00%2B23:59', 200],
    ['/api/history?createdTo=2026-01-01T00:00:00-23:59', 200],
    ['/api/audit?from=2026-01-01T00:00:00-23:59', 200],
    ['/api/jobs?createdAfter=2026-01-01T00:00:00-23:59', 200],
    ['/api/history/count?createdFrom=0000-01-01T00:00:00Z', 400],
    ['/api/audit?from=0000-01-01T00:00:00Z', 400],
    ['/api/audit?from=9999-12-31T23:59:59%2B00:01&to=9999-12-31T23:59:59-23:59', 400],
    ['/api/jobs?createdBefore=0000-01-01T00:00:00Z', 400],
  ])('of any zone is taken, and of no year that a database lacks: %s', async (path, status) => {
    const answer = await api.get(path);
    expect(answer.status).toBe(status);
    if (status === 400) expectProblem(answer, 400, 'INVALID_REQUEST');
  });

  it.each(['start', 'end'])('of a schedule is refused by the name of the field: %s', async (field) => {
    const schedule = { type: 'x', every: '1h', [field]: '0000-01-01T00:00:00Z' };
    for (const answer of [
      await api.post('/api/schedules', schedule),
      await api.put('/api/schedules/nightly', schedule),
    ]) {
      expectProblem(answer, 400, 'INVALID_REQUEST');
      expect(answer.body.errors[0]).toEqual({ path: field, message: 'must be a time from 1970 to 9999' });
    }
  });
});

describe('a cursor that was tampered with', () => {
  const id = '7b1e4f0c-5a0e-4a57-9f4c-0e6f2c1d9a11';
  const task = (sort: string, value: string) => ({ sort, order: 'asc', value, id });
  const year0 = '0000-01-01T00:00:00Z';

  it.each<[string, unknown]>([
    ['/api/tasks?sort=name&order=asc', task('name', 'a\u0000b')],
    ['/api/tasks?sort=name&order=asc', task('name', '\ud800')],
    ['/api/tasks?sort=createdAt&order=asc', task('createdAt', '1')],
    ['/api/tasks?sort=createdAt&order=asc', task('createdAt', year0)],
    ['/api/tasks?sort=updatedAt&order=asc', task('updatedAt', '2026-01-01')],
    ['/api/audit?', { at: year0, id: '1' }],
    ['/api/keys?', { at: year0, id: '0123456789abcdef' }],
    ['/api/history?', [1, 'a\u0000', 'b']],
    ['/api/history?', [1, 'a', 'b\u0000']],
  ])('is refused by name: %s %j', async (path, place) => {
    const cursor = Buffer.from(JSON.stringify(place)).toString('base64url');
    const answer = await api.get(`${path}&cursor=${cursor}`);
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors[0].path).toBe('cursor');
  });

  it('is one that works when its times are those of another zone', async () => {
    const cursor = (place: unknown) => Buffer.from(JSON.stringify(place)).toString('base64url');
    const at = '2026-01-01T00:00:00-23:59';
    for (const path of [
      `/api/tasks?sort=createdAt&order=asc&cursor=${cursor(task('createdAt', at))}`,
      `/api/audit?cursor=${cursor({ at, id: '1' })}`,
      `/api/keys?cursor=${cursor({ at, id: '0123456789abcdef' })}`,
    ]) {
      expect((await api.get(path)).status).toBe(200);
    }
  });
});
