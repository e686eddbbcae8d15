import { waitFor } from '../support/wait.js';
import { describeWithGo } from './support/legacy-build.js';
import { useStand, type Stand } from './support/stand.js';

/** Resolves when the job has run to its end on the TypeScript side, and says what it ran. */
async function runsAgain({ go, ts }: Stand, id: string) {
  const { runs } = ts.work();
  await go.waitForStatus(id, 'completed', 30_000);
  expect(await go.length()).toBe(0);
  expect(await go.processing()).toBe(0);
  expect(runs.map((run) => run.id)).toEqual([id]);
  return runs[0]!;
}

describeWithGo('a Go service that is killed', () => {
  const open = useStand({ legacyLeaseSeconds: 1 });

  it.each([
    ['between its pop and its SADD', 'zpopmin'],
    ['between reading the document and its SADD', 'get'],
    ['between its SADD and the status', 'sadd'],
    ['between the status and the event', 'set'],
  ])('%s loses no job that Go added', async (_, command) => {
    const stand = open();
    await stand.go.add({ id: 'a', amount: 5 });

    expect(await stand.go.once('dequeue', '--crash-after', command)).toMatchObject({ signal: 'SIGKILL' });
    expect(await stand.go.length()).toBe(0);

    const run = await runsAgain(stand, 'a');
    expect(run.data).toMatchObject({ id: 'a', count: 5 });
  });

  it.each([
    ['between its pop and its SADD', 'zpopmin'],
    ['between its SADD and the status', 'sadd'],
  ])('%s loses no job that TypeScript added', async (_, command) => {
    const stand = open();
    const job = await stand.ts.queue.add('mail', { to: ['ada'], empty: [] });

    expect(await stand.go.once('dequeue', '--crash-after', command)).toMatchObject({ signal: 'SIGKILL' });

    const run = await runsAgain(stand, job.id!);
    expect(run).toMatchObject({ type: 'mail', data: { to: ['ada'], empty: [] } });
  });

  it.each(['Go', 'TypeScript'])('while it runs a job that %s added leaves it to others', async (producer) => {
    const stand = open();
    if (producer === 'Go') await stand.go.add({ id: 'a' });
    else await stand.ts.queue.add('x', {}, { jobId: 'a' });

    const worker = stand.go.work('--crash-while-running');
    expect(await worker.exited).toMatchObject({ signal: 'SIGKILL' });
    expect(worker.ids('running')).toEqual(['a']);
    expect(await stand.go.status('a')).toBe('running');

    await runsAgain(stand, 'a');
  });

  it('while it runs a job leaves it to another Go worker, too, as long as some Drover process lives', async () => {
    const { go, ts } = open();
    ts.standBy();
    await go.add({ id: 'a' });
    await go.work('--crash-while-running').exited;

    const second = go.work('--count', '1');
    await second.waitForStep('a', 'completed');
    expect(await go.status('a')).toBe('completed');
  });

  it('between completing and its last command leaves a completed job', async () => {
    const { go, ts } = open();
    await go.add({ id: 'a' });
    await go.dequeue();
    expect(await go.once('complete', '--id', 'a', '--crash-after', 'set')).toMatchObject({
      signal: 'SIGKILL',
    });

    const { ids } = ts.work();
    await waitFor(async () => (await go.processing()) === 0, { what: 'the job leaving the processing set' });
    await go.add({ id: 'b' });
    await go.waitForStatus('b', 'completed');

    expect(await go.status('a')).toBe('completed');
    expect(ids()).toEqual(['b']);
  });

  it.each([
    ['the status and the place in the queue', 'set:2'],
    ['the event and the place in the queue', 'publish'],
    ['the place in the queue and its expiry', 'zadd'],
    ['the expiry and the event', 'expire'],
  ])('while adding, between %s, has added the job all the same', async (_, point) => {
    const stand = open();
    stand.ts.standBy();

    expect(await stand.go.once('add', '--id', 'a', '--crash-after', point)).toMatchObject({
      signal: 'SIGKILL',
    });

    await runsAgain(stand, 'a');
  });

  it.each(['zpopmin', 'sadd'])(
    'after its %s, with nobody of Drover there at the time, loses no job',
    async (point) => {
      const stand = open();
      await stand.ts.close();
      await stand.go.add({ id: 'a' });
      expect(await stand.go.once('dequeue', '--crash-after', point)).toMatchObject({ signal: 'SIGKILL' });

      await runsAgain({ ...stand, ts: stand.moreTs() }, 'a');
    },
  );

  it('again and again loses none of a hundred jobs', async () => {
    const { go, ts } = open();
    const ids = await go.addMany(100, { id: 'job' });
    for (let round = 0; round < 10; round++) {
      const worker = go.work('--sleep', '2ms');
      await waitFor(() => worker.ids('running').length > round % 3, {
        what: 'the Go worker having taken jobs',
      });
      await worker.kill();
    }
    ts.work(undefined, { concurrency: 2 });

    await waitFor(
      async () => (await Promise.all(ids.map((id) => go.status(id)))).every((s) => s === 'completed'),
      {
        what: 'all jobs being completed',
        timeoutMs: 45_000,
        everyMs: 100,
      },
    );
    expect(await go.length()).toBe(0);
    await waitFor(async () => (await go.processing()) === 0);
  });
});
