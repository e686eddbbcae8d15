import { ModulesContainer } from '@nestjs/core';
import { DataSource } from 'typeorm';
// The system under test: an application is no library that could be imported by name.
// eslint-disable-next-line no-restricted-imports
import { TELLING_METADATA } from '../../apps/api/src/audit/tell-body.js';
import { waitFor } from '../support/wait.js';
import { TestApi } from './api-client.js';

interface Row {
  action: string;
  target: Record<string, string>;
  what?: Record<string, unknown>;
}

const SECRET = 'sesame-open-yourself';
const TASK = '7b1e4f0c-5a0e-4a57-9f4c-0e6f2c1d9a11';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.close());

/** The row of what was just done. */
const last = (action: string): Promise<Row> =>
  waitFor(async () => ((await api.get(`/api/audit?action=${action}`)).body as { items: Row[] }).items[0], {
    what: `a row of ${action}`,
  });

const many = Array.from({ length: 50 }, (_, n) => `job-${n}`);
const payload = { card: SECRET };

describe('the audit log says what was asked for', () => {
  it.each<[string, 'post' | 'put' | 'patch', string, object, object]>([
    ['actOnJob', 'post', '/api/jobs/7/action', { action: 'remove' }, { action: 'remove' }],
    [
      'updateJob',
      'patch',
      '/api/jobs/7',
      { priority: 'high', payload },
      { priority: 'high', omitted: ['payload'] },
    ],
    [
      'createJob',
      'post',
      '/api/jobs',
      { id: 'job-1', type: 'test.job', delay: 60_000, payload },
      { id: 'job-1', type: 'test.job', delay: 60_000, omitted: ['payload'] },
    ],
    ['createJobs', 'post', '/api/jobs/bulk', { jobs: [{ type: 'x', payload }] }, { jobs: { count: 1 } }],
    [
      'actOnJobs',
      'post',
      '/api/jobs/actions',
      { action: 'remove', ids: many },
      { action: 'remove', ids: { count: 50, first: many.slice(0, 10) } },
    ],
    [
      'replayDeadLetters',
      'post',
      '/api/dead-letters/replay',
      { type: 'mail', limit: 5 },
      { type: 'mail', limit: 5 },
    ],
    [
      'purgeDeadLetters',
      'post',
      '/api/dead-letters/purge',
      { olderThan: '7d', type: 'mail' },
      { olderThan: '7d', type: 'mail' },
    ],
    ['executeTask', 'post', '/api/tasks/execute', { taskId: TASK }, { taskId: TASK }],
    [
      'setQueueLimits',
      'put',
      '/api/queues/jobs/limits',
      { concurrency: 20, rate: { max: 5, duration: '1s' } },
      { concurrency: 20, rate: { max: 5, duration: '1s' } },
    ],
    [
      'createBatch',
      'post',
      '/api/batches',
      { items: [{ type: 'x', payload }], callback: { type: 'done', payload } },
      { items: { count: 1 }, callback: { type: 'done', omitted: ['payload'] } },
    ],
    ['createKey', 'post', '/api/keys', { name: 'ci', role: 'viewer' }, { name: 'ci', role: 'viewer' }],
    ['startSession', 'post', '/api/session', { key: SECRET }, { omitted: ['key'] }],
  ])('of %s', async (action, method, path, body, what) => {
    await api[method](path, body);
    expect((await last(action)).what).toEqual(what);
  });

  it('by filter, and with the queue', async () => {
    const filter = { status: 'failed', type: 'mail.*' };
    await api.post('/api/jobs/actions', { action: 'retry', filter, dryRun: true });
    const row = await waitFor(async () => {
      const found = await last('actOnJobs');
      return found.what?.['filter'] === undefined ? undefined : found;
    });
    expect(row.what).toEqual({ action: 'retry', filter, dryRun: true });
    await api.post('/api/dead-letters/purge?queue=jobs', { ids: ['a'] });
    const purge = await waitFor(async () => {
      const found = await last('purgeDeadLetters');
      return found.what?.['ids'] === undefined ? undefined : found;
    });
    expect(purge).toMatchObject({ target: { queue: 'jobs' }, what: { ids: { count: 1, first: ['a'] } } });
    expect((await last('setQueueLimits')).target).toEqual({ queue: 'jobs' });
  });

  it("on Bull Board's page too", async () => {
    const body = { name: 'test.job', data: payload, options: { jobId: 'board-1', note: SECRET } };
    await api.post('/admin/queues/api/queues/jobs/add', body);
    expect(await last('board.queues.add')).toMatchObject({
      target: { queueName: 'jobs' },
      what: { name: 'test.job', options: { jobId: 'board-1' }, omitted: ['data'] },
    });
  });

  it('in few words, whatever a hostile client sends', async () => {
    const deep = JSON.parse('{"a":'.repeat(60) + '1' + '}'.repeat(60)) as object;
    const wide = Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`f${n}`, 'x'.repeat(100)]));
    const ids = Array.from({ length: 200 }, () => 'x'.repeat(1000));
    for (const action of [{ 'a\u0000b\ud800': 'c\u0000' }, deep, wide, ids, 'x'.repeat(100_000), null, 7]) {
      await api.post('/api/jobs/hostile/action', { action, [SECRET]: SECRET });
    }
    const rows = await waitFor(async () => {
      const { items } = (await api.get('/api/audit?action=actOnJob')).body as { items: Row[] };
      const found = items.filter(({ target }) => target['id'] === 'hostile');
      return found.length === 7 ? found : undefined;
    });
    for (const { what } of rows) expect(JSON.stringify(what).length).toBeLessThanOrEqual(4000);
  });

  it('and never a payload or a key', async () => {
    const rows = JSON.stringify(await api.app.get(DataSource).query('SELECT * FROM audit_log'));
    expect(rows).toContain('omitted');
    expect(rows).not.toContain(SECRET);
  });

  it('of every route that takes a body', async () => {
    const told = new Set(
      [...api.app.get(ModulesContainer).values()]
        .flatMap((module) => [...module.controllers.values()])
        .flatMap(({ metatype }) => Object.values(Object.getOwnPropertyDescriptors(metatype!.prototype)))
        .filter(({ value }) => Reflect.hasMetadata(TELLING_METADATA, value as object))
        .map(({ value }) => Reflect.getMetadata('swagger/apiOperation', value) as { operationId: string })
        .map(({ operationId }) => operationId),
    );
    const { body: document } = await api.get('/api/docs-json');
    const taking = Object.values(document.paths as Record<string, Record<string, object>>)
      .flatMap((path) => Object.values(path) as { operationId: string; requestBody?: object }[])
      .filter(({ requestBody }) => requestBody !== undefined)
      .map(({ operationId }) => operationId);
    expect(taking).toContain('actOnJob');
    expect([...told].sort()).toEqual(taking.sort());
  });
});
