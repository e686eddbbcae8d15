// What a job left, what happened to it, and what it waits for.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlowProducer, Worker } from 'bullmq';
import { artifactFolder, FolderArtifacts } from '#libs/artifacts';
import {
  jobArtifactsSchema,
  jobReasonsSchema,
  jobResultSchema,
  jobTimelineSchema,
  TYPE_DEFAULTS,
  type PublishedType,
} from '#libs/contracts';
import { createBackend, QueueService, TypeLimits } from '#libs/queue';
import { fetchWithKey } from '../support/access.js';
import { testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import { expectProblem, TestApi } from './api-client.js';

const dataDir = mkdtempSync(join(tmpdir(), 'drover-api-details-'));
const store = new FolderArtifacts(artifactFolder(dataDir, 'jobs'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

let api: TestApi;
let queue: QueueService;
const connection = { url: testRedisUrl() } as never;

beforeAll(async () => {
  api = await TestApi.start({ settings: { DATA_DIR: dataDir } });
  queue = api.app.get(QueueService);
});

beforeEach(() => api.clear());

afterAll(() => api.close());

const published = (type: string): PublishedType => ({
  type,
  name: type,
  version: '1.0.0',
  queue: 'jobs',
  settings: TYPE_DEFAULTS,
  examples: [],
  idempotent: false,
  requires: { environment: [], services: [] },
  dependsOn: [],
});

describe('GET /api/jobs/:id/result', () => {
  it.each([[{ a: [1] }], [null], [0], ['text'], [false]])('gives %j', async (result) => {
    const { id } = await api.create();
    await queue.dequeueJob();
    await queue.saveJobResult(id, result);
    await queue.completeJob(id);
    const { status, body } = await api.get(`/api/jobs/${id}/result`);
    expect(status).toBe(200);
    expect(jobResultSchema.parse(body)).toEqual({ id, result });
  });

  it('says that there is none (yet), and that there is no job', async () => {
    const { id } = await api.create();
    expectProblem(await api.get(`/api/jobs/${id}/result`), 404, 'JOB_RESULT_NOT_FOUND');
    await queue.dequeueJob();
    await queue.failJob(id);
    expectProblem(await api.get(`/api/jobs/${id}/result`), 404, 'JOB_RESULT_NOT_FOUND');
    expectProblem(await api.get('/api/jobs/nobody/result'), 404, 'JOB_NOT_FOUND');
  });
});

describe('artifacts', () => {
  const fetchFile = (path: string, headers: Record<string, string> = {}) =>
    fetchWithKey(api.url + path, { headers });

  it('are listed with their addresses, and come as they are', async () => {
    const { id } = await api.create({ id: 'a/b ü' });
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    await store.put({ jobId: id, name: 'bild ä (1).png'.replace(/[()]/g, '') }, bytes);
    await store.put({ jobId: id, name: 'notes.txt' }, 'høj');
    const { body } = await api.get(`/api/jobs/${encodeURIComponent(id)}/artifacts`);
    expect(jobArtifactsSchema.parse(body)).toEqual(body);
    expect(body.items).toMatchObject([
      { name: 'bild ä 1.png', size: 256, contentType: 'image/png' },
      { name: 'notes.txt', size: 4, contentType: 'text/plain; charset=utf-8' },
    ]);
    const image = await fetchFile(body.items[0].url);
    expect(image.status).toBe(200);
    expect(Buffer.from(await image.arrayBuffer())).toEqual(bytes);
    expect(image.headers.get('content-disposition')).toBe(
      `inline; filename="bild _ 1.png"; filename*=UTF-8''bild%20%C3%A4%201.png`,
    );
    const text = await fetchFile(body.items[1].url);
    expect(await text.text()).toBe('høj');
  });

  it.each([
    ['page.html', undefined, 'text/html; charset=utf-8', 'attachment'],
    ['drawing.svg', undefined, 'image/svg+xml', 'attachment'],
    ['paper.pdf', undefined, 'application/pdf', 'attachment'],
    ['unknown.bin', undefined, 'application/octet-stream', 'attachment'],
    ['liar.png', 'text/html', 'text/html; charset=utf-8', 'attachment'],
    ['header.txt', 'text/plain\r\nSet-Cookie: a=b', 'application/octet-stream', 'attachment'],
    ['shown.jpg', undefined, 'image/jpeg', 'inline'],
  ])('does nothing in a browser: %s', async (name, contentType, type, disposition) => {
    const { id } = await api.create();
    await store.put({ jobId: id, name }, '<script>alert(1)</script>', contentType ? { contentType } : {});
    const { headers } = await fetchFile(`/api/jobs/${id}/artifacts/${name}`);
    expect(headers.get('content-type')).toBe(type);
    expect(headers.get('content-disposition')).toMatch(new RegExp(`^${disposition};`));
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('set-cookie')).toBeNull();
  });

  it.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=8-', 206, '89', 'bytes 8-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=5-500', 206, '56789', 'bytes 5-9/10'],
    ['bytes=-500', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=10-', 200, '0123456789', null],
    ['bytes=5-2', 200, '0123456789', null],
    ['bytes=0-1,3-4', 200, '0123456789', null],
    ['bytes=-0', 200, '0123456789', null],
    ['lines=1-2', 200, '0123456789', null],
    ['bytes=99999999999999999999-', 200, '0123456789', null],
  ])('a part is given where one is asked for: %s', async (range, status, content, told) => {
    const { id } = await api.create();
    await store.put({ jobId: id, name: 'digits.txt' }, '0123456789');
    const answer = await fetchFile(`/api/jobs/${id}/artifacts/digits.txt`, { range });
    expect(answer.status).toBe(status);
    expect(await answer.text()).toBe(content);
    expect(answer.headers.get('content-range')).toBe(told);
    expect(answer.headers.get('content-length')).toBe(String(content.length));
  });

  it.each([
    '..%2f..%2fetc%2fpasswd',
    '..%2e',
    '.a.meta',
    'a%00.txt',
    '..%5c..',
    '%2fetc%2fpasswd',
    'a%2fb',
    'x'.repeat(300),
  ])('cannot leave the folder of the job: %s', async (name) => {
    const { id } = await api.create();
    await store.put({ jobId: id, name: 'a' }, 'x');
    const answer = await api.get(`/api/jobs/${id}/artifacts/${name}`);
    expect([400, 404]).toContain(answer.status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  it('say that there are none, that there is none of the name, and that there is no job', async () => {
    const { id } = await api.create({ id: 'without-files' });
    expect((await api.get(`/api/jobs/${id}/artifacts`)).body).toEqual({ items: [] });
    expectProblem(await api.get(`/api/jobs/${id}/artifacts/a.txt`), 404, 'ARTIFACT_NOT_FOUND');
    expectProblem(await api.get('/api/jobs/nobody/artifacts'), 404, 'JOB_NOT_FOUND');
  });

  it('of an earlier job of the same id are shown to nobody, however short ago that was', async () => {
    const [ada, bob] = [await api.as({ name: 'ada' }), await api.as({ name: 'bob' })];
    const keep = (name: string, jobCreatedAt?: string) =>
      store.put({ jobId: 'again', name, jobCreatedAt }, name);
    const first = await bob.create({ id: 'again' });
    await keep('a.txt', first.createdAt);
    await keep('unmarked.txt');
    await queue.dequeueJob();
    await queue.completeJob('again');
    // Two jobs are told apart by when they were created.
    await waitFor(() => Date.now() > Date.parse(first.createdAt) + 1);
    await api.clear();
    const again = await ada.create({ id: 'again' });
    for (const caller of [ada, api]) {
      expect((await caller.get('/api/jobs/again/artifacts')).body).toEqual({ items: [] });
      expectProblem(await caller.get('/api/jobs/again/artifacts/a.txt'), 404, 'ARTIFACT_NOT_FOUND');
    }
    // Also when the worker's clock is behind.
    await keep('b.txt', again.createdAt);
    expect((await ada.get('/api/jobs/again/artifacts')).body.items).toMatchObject([{ name: 'b.txt' }]);
    expect((await ada.get('/api/jobs/again/artifacts/b.txt')).body).toBe('b.txt');
    expect(await store.list('again')).toHaveLength(1);
    await expect(keep('late.txt', first.createdAt)).rejects.toMatchObject({ code: 'ARTIFACT_REMOVED' });
    // A later run of the same job adds to what an earlier one has left.
    await keep('c.txt', again.createdAt);
    expect((await ada.get('/api/jobs/again/artifacts')).body.items).toHaveLength(2);
  });

  it('outlive their job for whoever may see any job', async () => {
    await store.put({ jobId: 'gone', name: 'a.txt' }, 'x');
    expect((await api.get('/api/jobs/gone/artifacts')).body.items).toHaveLength(1);
    expect(await (await fetchFile('/api/jobs/gone/artifacts/a.txt')).text()).toBe('x');
    const ada = await api.as({ name: 'ada' });
    expectProblem(await ada.get('/api/jobs/gone/artifacts'), 404, 'JOB_NOT_FOUND');
    expectProblem(await ada.get('/api/jobs/gone/artifacts/a.txt'), 404, 'JOB_NOT_FOUND');
  });
});

describe('GET /api/jobs/:id/timeline', () => {
  async function timeline(id: string) {
    const { status, body } = await api.get(`/api/jobs/${id}/timeline`);
    expect(status).toBe(200);
    expect(jobTimelineSchema.parse(body)).toEqual(body);
    return body;
  }
  const events = async (id: string) =>
    (await timeline(id)).items.map(({ event }: { event: string }) => event);

  it('follows a job from its creation to its end', async () => {
    const { id } = await api.create({ delay: 60_000 });
    expect(await events(id)).toEqual(['created', 'delayed']);
    await api.act(id, 'promote');
    expect(await events(id)).toEqual(['created', 'waiting']);
    await queue.dequeueJob();
    expect(await events(id)).toEqual(['created', 'started']);
    await queue.completeJob(id);
    expect(await events(id)).toEqual(['created', 'started', 'completed']);
  });

  it('has every failed attempt with its error, and the worker', async () => {
    await api.create({ id: 'a', attempts: 3 });
    let run = 0;
    const work = () => Promise.reject(new Error(`boom ${++run}`));
    const settings = { backoffStrategy: () => 0 };
    const worker = new Worker(
      'jobs',
      work,
      { connection, prefix: api.prefix, name: 'w-1', settings },
      createBackend,
    );
    worker.on('error', () => undefined);
    try {
      await waitFor(async () => {
        const job = (await api.get('/api/jobs/a')).body;
        if (job.state === 'delayed') await api.act('a', 'promote');
        return job.status === 'failed';
      });
    } finally {
      await worker.close();
    }
    const { items, isComplete } = await timeline('a');
    expect(items).toMatchObject([
      { event: 'created' },
      { event: 'attempt-failed', attempt: 1, error: 'boom 1' },
      { event: 'attempt-failed', attempt: 2, error: 'boom 2' },
      { event: 'started', attempt: 3, worker: 'w-1' },
      { event: 'failed', attempt: 3, worker: 'w-1', error: 'boom 3' },
    ]);
    expect(isComplete).toBe(false);
  });

  it('says that a job does not exist', async () => {
    expectProblem(await api.get('/api/jobs/nobody/timeline'), 404, 'JOB_NOT_FOUND');
  });
});

describe('GET /api/jobs/:id/why', () => {
  async function why(id: string) {
    const { status, body } = await api.get(`/api/jobs/${id}/why`);
    expect(status).toBe(200);
    expect(jobReasonsSchema.parse(body)).toEqual(body);
    return body;
  }
  const codes = async (id: string) => (await why(id)).reasons.map(({ code }: { code: string }) => code);

  beforeEach(() => queue.types.publish('w', [published('test.job')]));

  it('a job that nothing holds up is next, and others are behind it', async () => {
    await api.create({ id: 'a' });
    await api.create({ id: 'b' });
    expect(await why('a')).toMatchObject({ isWaiting: true, position: 1, reasons: [{ code: 'NEXT' }] });
    expect(await why('b')).toMatchObject({
      position: 2,
      reasons: [{ code: 'BEHIND_OTHERS', data: { ahead: 1 } }],
    });
  });

  it('a job that runs or has finished does not wait', async () => {
    await api.create({ id: 'a' });
    await queue.dequeueJob();
    expect(await why('a')).toMatchObject({ isWaiting: false, status: 'running', reasons: [] });
    await queue.completeJob('a');
    expect(await why('a')).toMatchObject({ isWaiting: false, status: 'completed', reasons: [] });
  });

  it('every reason that holds is named', async () => {
    await api.create({ id: 'first' });
    await api.create({ id: 'a', type: 'nobodys' });
    await queue.dequeueJob();
    await queue.backend.pause(true);
    await queue.backend.limits.set({ concurrency: 1 });
    await queue.backend.limits.close(60_000);
    await api.create({ id: 'b', priority: 'high' });
    const { reasons } = await why('a');
    expect(reasons).toMatchObject([
      { code: 'QUEUE_PAUSED', data: { queue: 'jobs' } },
      { code: 'QUEUE_AT_LIMIT', data: { limit: 1, running: 1 } },
      { code: 'RATE_LIMITED', data: { until: expect.any(String) } },
      { code: 'NO_WORKER_FOR_TYPE', data: { type: 'nobodys' } },
      { code: 'BEHIND_OTHERS', data: { position: 2 } },
    ]);
    for (const { message } of reasons) expect(message.length).toBeGreaterThan(10);
  });

  it('a delayed job says until when, and after a failure which attempt it was', async () => {
    await api.create({ id: 'a', delay: 60_000 });
    const { delayedUntil } = (await api.get('/api/jobs/a')).body;
    expect((await why('a')).reasons).toMatchObject([{ code: 'DELAYED', data: { until: delayedUntil } }]);
    await api.create({ id: 'b', attempts: 3 });
    const work = () => Promise.reject(new Error('boom'));
    const worker = new Worker('jobs', work, { connection, prefix: api.prefix }, createBackend);
    worker.on('error', () => undefined);
    try {
      await waitFor(async () => (await api.get('/api/jobs/b')).body.state === 'delayed');
    } finally {
      await worker.close();
    }
    expect((await why('b')).reasons).toMatchObject([
      { code: 'BACKOFF', data: { attempt: 1, attempts: 3, error: 'boom', until: expect.any(String) } },
    ]);
  });

  it('a parent names the children it waits for', async () => {
    const flows = new FlowProducer({ connection, prefix: api.prefix }, createBackend);
    const children = ['one', 'two'].map((jobId) => ({
      name: 'test.job',
      queueName: 'jobs',
      opts: { jobId },
    }));
    await flows.add({ name: 'test.job', queueName: 'jobs', opts: { jobId: 'parent' }, children });
    await flows.close();
    const { reasons } = await why('parent');
    expect(reasons).toMatchObject([{ code: 'WAITING_FOR_CHILDREN', data: { count: 2 } }]);
    expect(reasons[0].data.children).toEqual(
      expect.arrayContaining([
        { queue: 'jobs', id: 'one' },
        { queue: 'jobs', id: 'two' },
      ]),
    );
  });

  it('a type at its limit, or disabled, says so', async () => {
    const limits = new TypeLimits(() => queue.backend.client(), queue.backend.queueKeys);
    await limits.write(new Map([['test.job', { global: 1, perProcess: null }]]));
    await api.create({ id: 'a' });
    await api.create({ id: 'b' });
    await queue.dequeueJob();
    expect((await why('b')).reasons[0]).toMatchObject({
      code: 'TYPE_AT_LIMIT',
      data: { type: 'test.job', limit: 1, running: 1 },
    });
    await queue.types.override('test.job', { enabled: false });
    expect(await codes('b')).toContain('TYPE_DISABLED');
  });

  it('no worker at all is told from one that lacks the type, and a BullMQ worker is seen', async () => {
    await queue.types.withdraw('w');
    await api.create({ id: 'a' });
    expect(await codes('a')).toEqual(['NO_WORKER']);
    await queue.backend.pause(true);
    const worker = new Worker(
      'jobs',
      () => Promise.resolve(),
      { connection, prefix: api.prefix, name: 'w' },
      createBackend,
    );
    worker.on('error', () => undefined);
    await worker.waitUntilReady();
    expect(await codes('a')).toEqual(['QUEUE_PAUSED']);
    await worker.close();
  });

  it('says that a job does not exist', async () => {
    expectProblem(await api.get('/api/jobs/nobody/why'), 404, 'JOB_NOT_FOUND');
  });
});
