import { schedulePageSchema, scheduleViewSchema, TYPE_DEFAULTS, type PublishedType } from '#libs/contracts';
import { QueueService } from '#libs/queue';
import { waitFor } from '../support/wait.js';
import { expectProblem, TestApi } from './api-client.js';

const LIST = '/api/schedules';
const HOUR = 3_600_000;
const nightly = { id: 'nightly', type: 'report', cron: '0 3 * * *', timeZone: 'Europe/Berlin' };

let api: TestApi;
let queue: QueueService;

beforeAll(async () => {
  api = await TestApi.start({ settings: { MORE_QUEUES: 'mail', RECONCILE_SECONDS: '1' } });
  queue = api.app.get(QueueService);
});
afterEach(async () => {
  for (const { id, queue: of } of (await api.get(`${LIST}?limit=100`)).body.items) {
    await queue.backend.forQueue(of).schedulers.remove(id);
  }
  await queue.backend.drain(true);
});
afterAll(() => api.close());

const create = async (body: object = nightly) => {
  const answer = await api.post(LIST, body);
  expect(answer).toMatchObject({ status: 201 });
  return answer;
};
const show = async (id: string) => (await api.get(`${LIST}/${id}`)).body;
const total = async () => (await api.get('/api/jobs/stats')).body.total as number;
/** What keeps schedules going where legacy services run the jobs. */
const lookAfter = () => queue.backend.scheduleKeeper.goOn();

describe('POST /api/schedules', () => {
  it('makes a schedule, and tells its next ten runs', async () => {
    const before = Date.now();
    const { body, headers } = await create({
      ...nightly,
      payload: { format: 'pdf' },
      priority: 'high',
      attempts: 5,
    });
    expect(scheduleViewSchema.parse(body)).toEqual(body);
    expect(headers.get('location')).toBe('/api/schedules/nightly?queue=jobs');
    expect(body).toMatchObject({
      ...nightly,
      queue: 'jobs',
      payload: { format: 'pdf' },
      priority: 'high',
      attempts: 5,
      creator: 'admin',
      ofType: false,
      paused: false,
      runs: 1,
    });
    expect(body.nextRuns).toHaveLength(10);
    expect(body.nextRun).toBe(body.nextRuns[0]);
    for (const run of body.nextRuns) {
      const hour = new Intl.DateTimeFormat('en', {
        timeZone: 'Europe/Berlin',
        hour: 'numeric',
        hour12: false,
      });
      expect(hour.format(new Date(run))).toBe('03');
      expect(Date.parse(run)).toBeGreaterThan(before);
    }
    const [job] = (await api.get('/api/jobs?status=pending')).body.items;
    expect(job).toMatchObject({
      type: 'report',
      payload: { format: 'pdf' },
      priorityName: 'high',
      attempts: { max: 5 },
      delayedUntil: body.nextRun,
    });
    const stored = await queue.backend.reading.find(job.id);
    expect(JSON.parse(stored!.fields['opts']!)).toMatchObject({ creator: 'admin' });
  });

  it('makes one with an interval, from a start on, until an end, of so many runs', async () => {
    const start = new Date(Date.now() + HOUR).toISOString();
    const end = new Date(Date.now() + 10 * HOUR).toISOString();
    const { body } = await create({ type: 'report', every: '1h', start, end, limit: 3 });
    expect(body).toMatchObject({ every: HOUR, start, end, limit: 3 });
    const first = Date.parse(start);
    expect(body.nextRuns.map((run: string) => Date.parse(run))).toEqual([
      first,
      first + HOUR,
      first + 2 * HOUR,
    ]);
  });

  it('plans through a change of clocks', async () => {
    const { body } = await create({
      ...nightly,
      cron: '30 2 * * *',
      start: '2027-03-27T00:00:00Z',
      end: '2027-03-30T00:00:00Z',
    });
    expect(body.nextRuns).toEqual([
      '2027-03-27T01:30:00.000Z',
      '2027-03-28T01:30:00.000Z',
      '2027-03-29T00:30:00.000Z',
    ]);
  });

  it('makes one of several of one id that come at once, and tells the others', async () => {
    const hours = [0, 1, 2, 3, 4, 5];
    const answers = await Promise.all(
      hours.map((hour) => api.post(LIST, { ...nightly, cron: `0 ${hour} * * *` })),
    );
    const won = answers.findIndex(({ status }) => status === 201);
    expect(answers.map(({ status }) => status)).toEqual(hours.map((hour) => (hour === won ? 201 : 409)));
    for (const answer of answers) if (answer.status === 409) expectProblem(answer, 409, 'SCHEDULE_EXISTS');
    expect(await show('nightly')).toMatchObject({ cron: `0 ${won} * * *` });
  });

  it('tells ten runs also of one whose first is due at once', async () => {
    for (const id of ['a', 'b', 'c']) {
      const { body } = await create({ id, type: 't', every: '1h' });
      expect(body.nextRuns).toHaveLength(10);
      expect(body.nextRun).toBe(body.nextRuns[0]);
    }
  });

  it('refuses an id that is taken, and changes nothing', async () => {
    await create();
    expectProblem(await api.post(LIST, { ...nightly, cron: '0 4 * * *' }), 409, 'SCHEDULE_EXISTS');
    expect(await show('nightly')).toMatchObject({ cron: '0 3 * * *' });
  });

  it.each<[string, object, string]>([
    ['no time at all', { type: 't' }, 'cron'],
    ['both kinds of times', { ...nightly, every: '1h' }, 'every'],
    ['a cron expression that is none', { ...nightly, cron: '99 * * * *' }, 'cron'],
    ['one that never comes', { ...nightly, cron: '0 0 31 2 *' }, 'cron'],
    ['one that is random', { ...nightly, cron: 'H 3 * * *' }, 'cron'],
    ['a macro', { ...nightly, cron: '@reboot' }, 'cron'],
    ['a long one', { ...nightly, cron: `${'0,'.repeat(200)}0 3 * * *` }, 'cron'],
    ['an unknown time zone', { ...nightly, timeZone: 'Mars/Olympus' }, 'timeZone'],
    ['a time zone with an interval', { type: 't', every: '1h', timeZone: 'UTC' }, 'timeZone'],
    ['an interval below a second', { type: 't', every: 999 }, 'every'],
    ['an interval that is none', { type: 't', every: 'often' }, 'every'],
    [
      'an end before the start',
      { ...nightly, start: '2097-01-02T00:00:00Z', end: '2097-01-01T00:00:00Z' },
      'end',
    ],
    ['an end that has been', { ...nightly, end: '2001-01-01T00:00:00Z' }, 'end'],
    ['a time without a zone', { ...nightly, start: '2097-01-01T00:00:00' }, 'start'],
    ['a limit of 0', { ...nightly, limit: 0 }, 'limit'],
    ['no type', { cron: '0 3 * * *' }, 'type'],
    ['an id of a type', { ...nightly, id: 'type.report' }, 'id'],
    ['an id of a task', { ...nightly, id: 'task.7' }, 'id'],
    ['an id of a key', { ...nightly, id: 'once-7' }, 'id'],
    ['an id with a colon', { ...nightly, id: 'a:b' }, 'id'],
    ['an id of dots', { ...nightly, id: '..' }, 'id'],
    ['an unknown queue', { ...nightly, queue: 'none' }, 'queue'],
    ['an unknown field', { ...nightly, immediately: true }, 'immediately'],
    ['an unknown priority', { ...nightly, priority: 'urgent' }, 'priority'],
  ])('refuses %s', async (_, body, path) => {
    const answer = await api.post(LIST, body);
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect((await api.get(LIST)).body.total).toBe(0);
    expect(await total()).toBe(0);
  });

  it('refuses one that would make no run', async () => {
    const end = new Date(Date.now() + 1000).toISOString();
    expectProblem(await api.post(LIST, { ...nightly, cron: '0 0 29 2 *', end }), 409, 'SCHEDULE_CONFLICT');
    expect((await api.get(LIST)).body.total).toBe(0);
  });

  it('refuses a payload that does not fit its type, or is too large', async () => {
    await queue.types.publish('w1', [reportType]);
    // What workers publish is known a second later at most.
    const answer = await waitFor(async () => {
      const refused = await api.post(LIST, { ...nightly, type: 'report.daily', payload: { pages: 'many' } });
      if (refused.status === 201) await api.delete(`${LIST}/nightly`);
      return refused.status === 201 ? undefined : refused;
    });
    expectProblem(answer, 400, 'INVALID_REQUEST');
    expect(answer.body.errors[0].path).toBe('payload.pages');
    expectProblem(
      await api.post(LIST, { ...nightly, payload: 'x'.repeat(262_144) }),
      413,
      'PAYLOAD_TOO_LARGE',
    );
    await queue.types.withdraw('w1');
  });
});

const reportType: PublishedType = {
  type: 'report.daily',
  name: 'Daily report',
  version: '1.0.0',
  queue: 'jobs',
  settings: { ...TYPE_DEFAULTS, priority: 'high' },
  payload: { type: 'object', properties: { pages: { type: 'integer' } } },
  schedule: { cron: '0 5 * * *', overlap: 'skip' },
  examples: [],
  idempotent: true,
  requires: { environment: [], services: [] },
  dependsOn: [],
};

/** A schedule as a worker keeps it for its type. @returns its id */
async function ofType(): Promise<string> {
  const id = 'type.report.daily';
  const settings = { name: 'report.daily', pattern: '0 5 * * *' };
  const run = { repeat: { pattern: '0 5 * * *', count: 1 } } as never;
  await queue.backend.addJobScheduler(id, Date.now() + HOUR, '{}', {}, settings, run);
  return id;
}

describe('GET /api/schedules', () => {
  it('lists those of all queues page by page, whoever made them', async () => {
    await create();
    await create({ ...nightly, id: 'a', queue: 'mail' });
    await ofType();
    const first = (await api.get(`${LIST}?limit=2`)).body;
    expect(schedulePageSchema.parse(first)).toEqual(first);
    expect(first).toMatchObject({
      total: 3,
      items: [{ id: 'nightly' }, { id: 'type.report.daily', ofType: true }],
    });
    const rest = (await api.get(`${LIST}?limit=2&cursor=${first.nextCursor}`)).body;
    expect(rest.items).toMatchObject([{ id: 'a', queue: 'mail' }]);
    expect(rest.nextCursor).toBeUndefined();
    expect((await api.get(`${LIST}?queue=mail`)).body.total).toBe(1);
    expect((await api.get(`${LIST}/a?queue=mail`)).body.id).toBe('a');
    expectProblem(await api.get(`${LIST}/a`), 404, 'SCHEDULE_NOT_FOUND');
    expectProblem(await api.get(`${LIST}?queue=none`), 404, 'QUEUE_NOT_FOUND');
  });

  it.each(['?cursor=eyJ9', '?limit=0', '?queue=a:b', '?page=2'])('refuses %s', async (query) => {
    expectProblem(await api.get(LIST + query), 400, 'INVALID_REQUEST');
  });
});

describe('PUT /api/schedules/:id', () => {
  it('makes a schedule, then replaces it with all its settings', async () => {
    const { id, ...settings } = nightly;
    expect((await api.put(`${LIST}/${id}`, { ...settings, limit: 5 })).status).toBe(201);
    const changed = await api.put(`${LIST}/${id}`, {
      type: 'report',
      every: '2h',
      start: '2097-01-01T00:00:00Z',
    });
    expect(changed).toMatchObject({
      status: 200,
      body: { id, every: 2 * HOUR, nextRun: '2097-01-01T00:00:00.000Z' },
    });
    for (const gone of ['cron', 'timeZone', 'limit']) expect(changed.body).not.toHaveProperty(gone);
    expect(await total()).toBe(1);
  });

  it.each(['type.report', 'a:b', '%2e%2e', 'x'.repeat(101)])('refuses the id %s', async (id) => {
    const settings = { type: 'report', cron: '0 3 * * *' };
    expect((await api.put(`${LIST}/${id}`, settings)).status).toBeGreaterThanOrEqual(400);
    expect((await api.get(LIST)).body.total).toBe(0);
  });
});

describe('A paused schedule', () => {
  it('makes no run, keeps its settings, and goes on with the next run when it is resumed', async () => {
    const { body: before } = await create({ ...nightly, payload: { format: 'pdf' } });
    const paused = await api.post(`${LIST}/nightly/pause`, {});
    expect(paused.status).toBe(200);
    expect(scheduleViewSchema.parse(paused.body)).toEqual(paused.body);
    expect(paused.body).toMatchObject({ ...nightly, payload: { format: 'pdf' }, paused: true, nextRuns: [] });
    expect(paused.body).not.toHaveProperty('nextRun');
    expect(await total()).toBe(0);
    expect((await api.post(`${LIST}/nightly/pause`, {})).status).toBe(200);
    expect(await lookAfter()).toEqual([]);

    const resumed = (await api.post(`${LIST}/nightly/resume`, {})).body;
    expect(resumed).toMatchObject({ paused: false, nextRuns: before.nextRuns, runs: 1 });
    expect(await total()).toBe(1);
    expect((await api.post(`${LIST}/nightly/resume`, {})).body).toEqual(resumed);
    expect(await total()).toBe(1);
  });

  it('stays paused when its settings are replaced or a worker sets it up again', async () => {
    await create();
    await api.post(`${LIST}/nightly/pause`, {});
    const { id, ...settings } = nightly;
    const changed = await api.put(`${LIST}/${id}`, { ...settings, cron: '0 4 * * *', payload: 7 });
    expect(changed.body).toMatchObject({ paused: true, cron: '0 4 * * *', payload: 7, nextRuns: [] });
    expect(await total()).toBe(0);
    const resumed = (await api.post(`${LIST}/nightly/resume`, {})).body;
    expect(resumed).toMatchObject({ paused: false, cron: '0 4 * * *' });
    expect((await api.get('/api/jobs?status=pending')).body.items).toMatchObject([
      { payload: 7, delayedUntil: resumed.nextRun },
    ]);
  });

  it('keeps the beat of its interval, and is not run at once when it is resumed', async () => {
    const { body } = await create({ type: 'report', every: '1h' });
    await api.post(`${LIST}/${body.id}/pause`, {});
    const now = Date.now();
    const resumed = (await api.post(`${LIST}/${body.id}/resume`, {})).body;
    const next = Date.parse(resumed.nextRun);
    expect(next).toBeGreaterThan(now);
    const [started] = (await api.get('/api/jobs?status=pending')).body.items;
    expect((next - Date.parse(started.createdAt)) % HOUR).toBeLessThan(60_000);
  });

  it('does not go on with a run that was started before', async () => {
    const { body } = await create({ type: 'report', every: '1s' });
    await waitFor(async () => (await queue.backend.running.claim('token'))[0], { what: 'a run' });
    await api.post(`${LIST}/${body.id}/pause`, {});
    const before = await total();
    // A worker that has started the run makes the next one; so does who looks after schedules.
    const started = (await queue.backend.reading.ranges(['active'], 0, 0, false))[0]![0]!;
    expect(await queue.backend.schedulers.next(body.id, undefined, {}, started)).toBeNull();
    expect(await lookAfter()).toEqual([]);
    expect(await total()).toBe(before);
    await queue.clearProcessing();
  });

  it('counts on towards its limit, and has ended when it is reached', async () => {
    const { body } = await create({ type: 'report', every: '1h', limit: 2 });
    expect((await queue.backend.running.claim('one'))[1]).toContain(`repeat:${body.id}:`);
    await waitFor(async () => (await show(body.id)).runs === 2 || (await lookAfter()).length > 0);
    await api.post(`${LIST}/${body.id}/pause`, {});
    expect((await api.post(`${LIST}/${body.id}/resume`, {})).body.nextRuns).toHaveLength(1);
    await queue.clearProcessing();
  });

  it('is unknown, or of a queue nobody knows: nothing happens', async () => {
    for (const action of ['pause', 'resume', 'run']) {
      expectProblem(await api.post(`${LIST}/none/${action}`, {}), 404, 'SCHEDULE_NOT_FOUND');
      expectProblem(await api.post(`${LIST}/none/${action}?queue=no`, {}), 404, 'QUEUE_NOT_FOUND');
    }
  });
});

describe('POST /api/schedules/:id/run', () => {
  it('adds a job outside the plan, also while it is paused', async () => {
    const { body: before } = await create({ ...nightly, payload: { format: 'pdf' }, priority: 'high' });
    const { status, body } = await api.post(`${LIST}/nightly/run`, {});
    expect(status).toBe(201);
    expect((await api.get(`/api/jobs/${body.jobId}`)).body).toMatchObject({
      type: 'report',
      payload: { format: 'pdf' },
      priorityName: 'high',
      status: 'pending',
    });
    expect((await show('nightly')).nextRuns).toEqual(before.nextRuns);
    await api.post(`${LIST}/nightly/pause`, {});
    expect((await api.post(`${LIST}/nightly/run`, {})).status).toBe(201);
    expect(await show('nightly')).toMatchObject({ paused: true });
  });
});

describe('DELETE /api/schedules/:id', () => {
  it.each([false, true])('takes its next run along (paused: %s)', async (paused) => {
    await create();
    if (paused) await api.post(`${LIST}/nightly/pause`, {});
    expect((await api.delete(`${LIST}/nightly`)).status).toBe(204);
    expect(await total()).toBe(0);
    expectProblem(await api.delete(`${LIST}/nightly`), 404, 'SCHEDULE_NOT_FOUND');
    // One of the same id that is made later is not paused.
    expect((await create()).body.paused).toBe(false);
  });

  it('is refused where workers keep the schedule for their type, as long as they live', async () => {
    const id = await ofType();
    await queue.types.publish('w1', [reportType]);
    expectProblem(await api.delete(`${LIST}/${id}`), 409, 'SCHEDULE_OF_TYPE');
    expect((await api.post(`${LIST}/${id}/pause`, {})).body.paused).toBe(true);
    await queue.types.withdraw('w1');
    expect((await api.delete(`${LIST}/${id}`)).status).toBe(204);
  });
});
