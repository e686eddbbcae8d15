import { TYPE_DEFAULTS, typeMetricsListSchema, typeMetricsSchema, type PublishedType } from '#libs/contracts';
import { QueueKeys, QueueService, TypeCatalog } from '#libs/queue';
import { waitFor } from '../support/wait.js';
import { expectProblem, TestApi } from './api-client.js';

let api: TestApi;
let queue: QueueService;

const mail: PublishedType = {
  type: 'mail.digest',
  name: 'Mail digest',
  version: '1.2.0',
  queue: 'jobs',
  settings: { ...TYPE_DEFAULTS, attempts: 5, priority: 'high' },
  payload: {
    type: 'object',
    properties: {
      to: { type: 'string', format: 'email', pattern: '^[^@]+@[^@]+$' },
      times: { type: 'integer', minimum: 1 },
    },
    required: ['to'],
  },
  examples: [{ title: 'To Ada', payload: { to: 'ada@example.org' } }],
  idempotent: true,
  requires: { environment: [], services: [] },
  dependsOn: [],
};

beforeAll(async () => {
  api = await TestApi.start({ settings: { MORE_QUEUES: 'mail' } });
  queue = api.app.get(QueueService);
  await queue.types.publish('w1', [mail, { ...mail, type: 'mail.other' }]);
  await queue.types.publish('w2', [{ ...mail, version: '1.10.0' }]);
  // Too old, or of somebody else: left out.
  await queue.types.publish('w3', [{ type: 'odd' } as PublishedType]);
});

afterAll(() => api.close());

describe('GET /api/types', () => {
  it('lists what live workers run, each type once, in its newest version', async () => {
    const { status, body } = await api.get('/api/types');
    expect(status).toBe(200);
    expect(body.items).toEqual([
      {
        ...mail,
        version: '1.10.0',
        workers: ['w1', 'w2'],
        versions: [
          { version: '1.10.0', payload: mail.payload, workers: ['w2'] },
          { version: '1.2.0', payload: mail.payload, workers: ['w1'] },
        ],
      },
      {
        ...mail,
        type: 'mail.other',
        workers: ['w1'],
        versions: [{ version: '1.2.0', payload: mail.payload, workers: ['w1'] }],
      },
    ]);
  });

  it('shows one, and answers 404 for one that no live worker runs', async () => {
    expect((await api.get('/api/types/mail.digest')).body.name).toBe('Mail digest');
    expectProblem(await api.get('/api/types/mail.none'), 404, 'TYPE_NOT_FOUND');
  });
});

describe('POST /api/jobs of a published type', () => {
  it('takes priority and attempts of the type where the request does not say', async () => {
    const job = await api.create({ type: 'mail.digest', payload: { to: 'ada@example.org' } });
    expect(job).toMatchObject({ priorityName: 'high', attempts: { max: 5 } });
    const own = await api.create({
      type: 'mail.digest',
      payload: { to: 'ada@example.org' },
      priority: 'low',
      attempts: 1,
    });
    expect(own).toMatchObject({ priorityName: 'low', attempts: { max: 1 } });
  });

  it('refuses a payload that does not fit, naming each part of it', async () => {
    const answer = await api.post('/api/jobs', { type: 'mail.digest', payload: { to: 'ada', times: 0 } });
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors.map(({ path }: { path: string }) => path)).toEqual([
      'payload.to',
      'payload.times',
    ]);
    expectProblem(await api.post('/api/jobs', { type: 'mail.digest' }), 400, 'INVALID_REQUEST');
  });

  it('takes a payload that fits any version that live workers run', async () => {
    const old: PublishedType = { ...mail, type: 'mail.rolling', version: '1.0.0' };
    await queue.types.publish('w4', [old]);
    await queue.types.publish('w5', [
      {
        ...old,
        version: '2.0.0',
        payload: { type: 'object', properties: { cc: { type: 'string' } }, required: ['cc'] },
      },
    ]);
    const refused = () => api.post('/api/jobs', { type: 'mail.rolling', payload: { to: 3 } });
    await waitFor(async () => (await refused()).status === 400);
    for (const payload of [{ to: 'ada@example.org' }, { cc: 'ada' }]) {
      expect(await api.create({ type: 'mail.rolling', payload })).toMatchObject({ type: 'mail.rolling' });
    }
    const answer = await refused();
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors.map(({ path }: { path: string }) => path)).toEqual(['payload.cc']);
  });

  it('takes any payload for a type that no live worker publishes', async () => {
    expect(await api.create({ type: 'mail.none', payload: 3 })).toMatchObject({ attempts: { max: 3 } });
  });

  it('leaves attempts and backoff to a type that is published later, and shows them then', async () => {
    const { id } = await api.create({ type: 'mail.later', payload: {} });
    const said = await api.create({ type: 'mail.later', payload: {}, attempts: 2 });
    const options = JSON.parse((await queue.backend.reading.find(id))?.fields['opts'] ?? '');
    expect(options).toMatchObject({ priority: 2, leftToType: ['attempts', 'backoff'] });
    const settings = { ...mail.settings, attempts: 9 };
    await queue.types.publish('w6', [{ ...mail, type: 'mail.later', settings }]);
    const maxOf = async (of: string) => (await api.get(`/api/jobs/${of}`)).body.attempts.max as number;
    await waitFor(async () => (await maxOf(id)) === 9);
    expect(await maxOf(said.id)).toBe(2);
  });
});

describe('settings at run time', () => {
  const settings = '/api/types/mail.digest/settings';

  it('are set as a whole, shown, and taken back', async () => {
    expect((await api.get(settings)).body).toEqual({});
    const put = await api.put(settings, { attempts: 7, timeout: '30s', concurrency: { global: 2 } });
    expect(put).toMatchObject({
      status: 200,
      body: { attempts: 7, timeout: 30_000, concurrency: { global: 2 } },
    });
    expect((await api.get(settings)).body).toEqual(put.body);
    expect((await api.delete(settings)).status).toBe(204);
    expect((await api.get(settings)).body).toEqual({});
  });

  it.each([{ atempts: 3 }, { attempts: 0 }, { timeout: 'soon' }, { backoff: { bass: 1 } }, []])(
    'refuses %j',
    async (body) => {
      expectProblem(await api.put(settings, body), 400, 'INVALID_REQUEST');
      expect((await api.get(settings)).body).toEqual({});
    },
  );

  describe('that cannot work together with what the type says', () => {
    const defaults = TYPE_DEFAULTS;
    const url = (type: string) => `/api/types/${type}/settings`;

    beforeAll(async () => {
      // Of what was set before, which a PUT takes the place of, nothing counts.
      const settings = { ...defaults, backoff: { ...defaults.backoff, max: 1 } };
      const common = { ...mail, settings, defaults };
      await queue.types.publish('w6', [
        { ...common, type: 'odd.batch', batch: { size: 5, maxWait: 300 } },
        { ...common, type: 'odd.cron', schedule: { cron: '* * * * *', timeZone: 'UTC', overlap: 'skip' } },
        { ...common, type: 'odd.schedule', schedule: { every: 1000, overlap: 'skip' } },
      ]);
    });

    it.each([
      ['odd.batch', { timeout: '100ms' }, 'timeout', /lower batch\.maxWait or raise timeout/],
      ['odd.schedule', { cache: '1h' }, 'cache', /lower cache/],
      ['odd.cron', { cache: '1m' }, 'cache', /between runs of schedule\.cron \(60000 ms\).*lower cache/],
      ['odd.batch', { backoff: { base: '3h' } }, 'backoff.base', /raise backoff\.max/],
    ])('%s: %j is refused with what to change', async (type, body, path, message) => {
      const answer = await api.put(url(type), body);
      expectProblem(answer, 400, 'INVALID_REQUEST');
      expect(answer.body.errors).toEqual([{ path, message: expect.stringMatching(message) }]);
      expect((await api.get(url(type))).body).toEqual({});
    });

    it('is taken where it goes together', async () => {
      const put = await api.put(url('odd.batch'), { timeout: '1s', backoff: { base: '3h', max: '4h' } });
      expect(put.status).toBe(200);
      expect((await api.put(url('odd.schedule'), { cache: '500ms' })).status).toBe(200);
    });
  });

  it('are refused for a type that no live worker runs', async () => {
    expectProblem(await api.put('/api/types/mail.none/settings', { attempts: 2 }), 404, 'TYPE_NOT_FOUND');
  });
});

describe('Enabling and disabling', () => {
  const settings = () => api.get('/api/types/mail.other/settings');

  it('changes nothing else that is overridden, and goes back to what code says', async () => {
    await api.put('/api/types/mail.other/settings', { attempts: 7 });
    const off = await api.post('/api/types/mail.other/disable', {});
    expect(off).toMatchObject({ status: 200, body: { attempts: 7, enabled: false } });
    expect((await settings()).body).toEqual({ attempts: 7, enabled: false });
    // This type does not say how it is without overrides: it is set.
    expect((await api.post('/api/types/mail.other/enable', {})).body).toEqual({ attempts: 7, enabled: true });
    await queue.types.publish('w8', [{ ...mail, type: 'mail.known', defaults: TYPE_DEFAULTS }]);
    await api.post('/api/types/mail.known/disable', {});
    expect((await api.post('/api/types/mail.known/enable', {})).body).toEqual({});
    await api.delete('/api/types/mail.other/settings');
  });

  it('tells workers at once', async () => {
    const subscriber = (await queue.backend.client()).duplicate() as import('ioredis').Redis;
    const told: string[] = [];
    subscriber.on('message', (_channel: string, type: string) => told.push(type));
    await subscriber.subscribe(queue.types.changes);
    await api.post('/api/types/mail.other/disable', {});
    await waitFor(() => told.includes('mail.other'), { what: 'workers to be told' });
    subscriber.disconnect();
    await api.delete('/api/types/mail.other/settings');
  });

  it('loses none of two changes at the same time', async () => {
    await api.put('/api/types/mail.digest/settings', { attempts: 3 });
    await Promise.all(Array.from({ length: 5 }, () => api.post('/api/types/mail.digest/disable', {})));
    expect((await api.get('/api/types/mail.digest/settings')).body).toEqual({ attempts: 3, enabled: false });
    await api.delete('/api/types/mail.digest/settings');
  });

  it.each(['enable', 'disable'])('needs a type that a live worker runs (%s)', async (action) => {
    expectProblem(await api.post(`/api/types/mail.none/${action}`, {}), 404, 'TYPE_NOT_FOUND');
    expectProblem(await api.post(`/api/types/${'x'.repeat(201)}/${action}`, {}), 400, 'INVALID_REQUEST');
  });
});

describe('Metrics', () => {
  it('are nothing yet of a type that has never run', async () => {
    const { status, body } = await api.get('/api/types/mail.other/metrics');
    expect(status).toBe(200);
    expect(typeMetricsSchema.parse(body)).toEqual(body);
    expect(body).toMatchObject({ type: 'mail.other', total: 0, duration: null });
    expectProblem(await api.get('/api/types/mail.none/metrics'), 404, 'TYPE_NOT_FOUND');
  });

  it('count the runs of all types', async () => {
    await queue.clearQueue();
    queue.backend.endings.follow(() => ({ counted: true, completedMs: null, failedMs: null, deadMs: null }));
    const job = await api.create({ type: 'mail.other', payload: { to: 'ada@example.org' } });
    await queue.backend.running.claim('token');
    const done = { id: job.id, name: job.type, opts: {}, attemptsMade: 0 } as never;
    await queue.backend.moveToCompleted(done, 'null', false, 'token', false);
    expect((await api.get('/api/types/mail.other/metrics')).body).toMatchObject({ total: 1, ok: 1 });
    const { body } = await api.get('/api/types/metrics');
    expect(typeMetricsListSchema.parse(body)).toEqual(body);
    expect(body.items).toMatchObject([{ type: 'mail.other', total: 1 }]);
  });
});

describe('Types of another queue', () => {
  it('are listed, shown and set with its name', async () => {
    const keys = new QueueKeys(api.prefix, 'mail');
    const catalog = new TypeCatalog(() => queue.backend.client(), keys);
    await catalog.publish('m1', [{ ...mail, type: 'mail.far', queue: 'mail' }]);
    const { body } = await api.get('/api/types?queue=mail');
    expect(body.items).toMatchObject([{ type: 'mail.far', queue: 'mail', workers: ['m1'] }]);
    expectProblem(await api.get('/api/types/mail.far'), 404, 'TYPE_NOT_FOUND');
    expect((await api.get('/api/types/mail.far?queue=mail')).status).toBe(200);
    expect((await api.post('/api/types/mail.far/disable?queue=mail', {})).body).toEqual({ enabled: false });
    expect(await catalog.overridesOf('mail.far')).toEqual({ enabled: false });
    expect(await queue.types.overridesOf('mail.far')).toEqual({});
    expect((await api.get('/api/types/metrics?queue=mail')).body).toEqual({ items: [] });
    expectProblem(await api.get('/api/types?queue=none'), 404, 'QUEUE_NOT_FOUND');
    expectProblem(await api.get('/api/types?queue=a:b'), 400, 'INVALID_REQUEST');
  });
});
