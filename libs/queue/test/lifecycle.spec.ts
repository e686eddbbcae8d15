// Every operation in every state: what it gives, where the job then stands, what is said about it.
import { PLACES, type Place } from './support/keyspace.js';
import { OPERATIONS, seed, type Expected } from './support/lifecycle-table.js';
import { message } from './support/recorder.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();
const STATES = Object.keys(PLACES) as Place[];
const FINISHED = ['completed', 'failed', 'cancelled'];

const outcomeOf = (doing: Promise<unknown>): Promise<string> =>
  doing.then(
    () => 'done',
    (error: Error & { code?: unknown }) => `${error.name} ${String(error.code)}: ${error.message}`,
  );

/** The messages of a table's row as texts; a job's progress is told in between. */
function texts(says: NonNullable<Extract<Expected, { says?: unknown }>['says']>): string[] {
  return says.map(([event, status, priority]) => {
    const text = message(event, 'a', status, priority);
    return event === 'job_progress' ? text.replace('"status"', '"progress":40,"status"') : text;
  });
}

async function expectGone(stand: Stand): Promise<void> {
  const left = Object.entries(await stand.keyspace()).filter(([name]) => name !== 'events');
  expect(
    left.filter(([name, content]) => /:a$/.test(name) || JSON.stringify(content).includes('"a"')),
  ).toEqual([]);
  expect(await stand.service.jobs.find('a')).toBeUndefined();
}

async function expectAt(stand: Stand, place: Place, priority: number | undefined): Promise<void> {
  const status = place === 'delayed' ? 'pending' : place;
  const finished = FINISHED.includes(place);
  expect(await stand.standing('a')).toEqual(PLACES[place]);
  expect(await stand.status('a')).toBe(status);
  expect(await stand.redis.zscore(stand.key('ids'), 'a')).not.toBeNull();
  expect((await stand.redis.zscore(stand.key('expiring'), 'a')) !== null).toBe(finished);
  const ends = Object.keys(await stand.endings()).filter((name) => name.endsWith(':a'));
  expect(ends).toEqual(finished ? expect.arrayContaining(['data:a', 'job:a', 'status:a']) : []);
  const view = await stand.service.jobs.get('a');
  expect(view).toMatchObject({ status, ...(priority === undefined ? {} : { priority }) });
}

describe.each(Object.entries(OPERATIONS))('%s', (_, { act, gives }) => {
  it.each(STATES)('of a %s job does what the table says', async (state) => {
    const stand = open();
    await seed(stand, 'a', state);
    const expected = gives[state];
    const updates = await stand.record();
    const before = await stand.everything();

    const outcome = await outcomeOf(act(stand, 'a'));

    if ('refused' in expected) {
      expect(outcome).toBe(expected.refused);
      expect(await updates.texts()).toEqual([]);
      expect(await stand.everything()).toEqual(before);
      return;
    }
    expect(outcome).toBe('done');
    expect(await updates.undated()).toEqual(texts(expected.says ?? []));
    if (expected.unchanged) expect(await stand.everything()).toEqual(before);
    if (expected.becomes === 'gone') return expectGone(stand);
    await expectAt(stand, expected.becomes ?? state, expected.priority);
  });
});

describe('a job that does not exist', () => {
  const operations = Object.entries(OPERATIONS).filter(([name]) => name !== 'addJob again');
  it.each(operations)('is told apart by %s, which changes nothing', async (_, { act }) => {
    const stand = open();
    await seed(stand, 'other', 'pending');
    const before = await stand.everything();
    const updates = await stand.record();
    expect(await outcomeOf(act(stand, 'a'))).toMatch(
      /^(JobNotFoundError JOB_NOT_FOUND: job a does not exist|JobStatusNotFoundError JOB_STATUS_NOT_FOUND: job status not found|JobTransitionError -1: Missing key for job a\..*)$/,
    );
    expect(await stand.everything()).toEqual(before);
    expect(await updates.texts()).toEqual([]);
  });
});

describe('what is said on the updates channel', () => {
  it('carries the time in whole seconds and is valid JSON for any id', async () => {
    const stand = open();
    const updates = await stand.record();
    const id = 'a"b\\c/ü<&>💚';
    await stand.service.addJob({ id, priority: 2 });
    const [status, added] = (await updates.texts()).map((text) => JSON.parse(text) as { timestamp: number });
    const timestamp = expect.any(Number) as number;
    expect(status).toEqual({
      data: { job_id: id, status: 'pending' },
      event: 'status_updated',
      job_id: id,
      timestamp,
    });
    expect(added).toEqual({
      data: { job_id: id, priority: 2, status: 'pending' },
      event: 'job_added',
      job_id: id,
      timestamp,
    });
    expect(Number.isInteger(added?.timestamp)).toBe(true);
    expect(Math.abs(added!.timestamp * 1000 - Date.now())).toBeLessThan(60_000);
  });

  it('comes in the order in which jobs were added together', async () => {
    const stand = open();
    const updates = await stand.record();
    const names = Array.from({ length: 30 }, (_, at) => `job-${at}`);
    await stand.queue.addBulk(names.map((id) => ({ name: 't', data: {}, opts: { jobId: id, priority: 2 } })));
    const added = (await updates.texts())
      .map((text) => JSON.parse(text) as { event: string; job_id: string })
      .filter(({ event }) => event === 'job_added');
    expect(added.map(({ job_id: id }) => id)).toEqual(names);
  });

  it('tells a whole run: added, running, retrying, running, completed', async () => {
    const stand = open();
    await stand.service.jobs.create({
      id: 'a',
      type: 't',
      attempts: 2,
      backoff: { type: 'fixed', delay: 1 },
    });
    const updates = await stand.record();
    let runs = 0;
    stand.newWorker(async () => {
      runs += 1;
      if (runs === 1) throw new Error('not yet');
      return 'done';
    });
    await expect(
      stand.queue.getJob('a').then((job) => job?.waitUntilFinished(stand.newEvents())),
    ).resolves.toBe('done');
    expect(await updates.undated()).toEqual([
      message('status_updated', 'a', 'running'),
      message('status_updated', 'a', 'pending'),
      message('job_retrying', 'a', 'pending'),
      message('status_updated', 'a', 'running'),
      message('status_updated', 'a', 'completed'),
      message('job_completed', 'a', 'completed'),
    ]);
  });
});
