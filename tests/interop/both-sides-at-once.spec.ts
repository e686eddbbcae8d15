import { waitFor } from '../support/wait.js';
import { describeWithGo } from './support/legacy-build.js';
import { useStand } from './support/stand.js';

const EACH = 1000;

describeWithGo('Go and TypeScript at once', () => {
  const open = useStand();

  it('run every one of 2,000 jobs exactly once when both add 1,000 and both work', async () => {
    const { go, ts, moreTs } = open();
    const goWorkers = [
      go.work('--sleep', '1ms', '--poll', '5ms'),
      go.work('--sleep', '1ms', '--poll', '5ms'),
    ];
    const tsWorkers = [ts.work(undefined, { concurrency: 5 }), moreTs().work(undefined, { concurrency: 5 })];
    const ran = () => [
      ...tsWorkers.flatMap(({ ids }) => ids()),
      ...goWorkers.flatMap((worker) => worker.ids('running')),
    ];

    const addFromTs = async () => {
      const ids: string[] = [];
      for (let n = 0; n < EACH; n += 10) {
        const some = Array.from({ length: 10 }, (_, at) => ({
          name: 'ts',
          data: {},
          opts: { priority: 1 + ((n + at) % 3) },
        }));
        ids.push(...(await ts.queue.addBulk(some)).map(({ id }) => id!));
      }
      return ids;
    };
    const addFromGo = async () => {
      const ids: string[] = [];
      for (let n = 0; n < EACH; n += 10)
        ids.push(...(await go.addMany(10, { id: `go-${n}`, priority: (n / 10) % 3 })));
      return ids;
    };
    const added = (await Promise.all([addFromTs(), addFromGo()])).flat();
    expect(new Set(added).size).toBe(2 * EACH);

    await waitFor(
      async () => ran().length >= added.length && (await go.length()) === 0 && (await go.processing()) === 0,
      { what: 'all jobs having run', timeoutMs: 60_000 },
    );
    await Promise.all(goWorkers.map((worker) => worker.close()));
    const statuses = await Promise.all(added.map((id) => go.status(id)));

    expect(statuses.filter((status) => status !== 'completed')).toEqual([]);
    expect(goWorkers.map(({ errors }) => errors).join('')).toBe('');
    for (const worker of goWorkers) expect(worker.ids('completed')).toEqual(worker.ids('running'));
    expect(goWorkers.flatMap((worker) => worker.ids('running')).length).toBeGreaterThan(0);
    expect(tsWorkers.flatMap(({ ids }) => ids()).length).toBeGreaterThan(0);
    await waitFor(async () => (await ts.queue.getCompletedCount()) === 2 * EACH, {
      what: 'BullMQ counting them all',
    });
    expect((await ts.service.jobs.stats()).byStatus).toMatchObject({ pending: 0, running: 0, failed: 0 });
    expect(ran().sort()).toEqual(added.sort());
  }, 120_000);

  it('finish every job also when a tenth of them fails and is requeued by Go', async () => {
    const { go, ts } = open();
    const ids = await go.addMany(200, { id: 'job', priority: 2 });
    const goWorker = go.work('--sleep', '1ms', '--poll', '5ms', '--fail-every', '10', '--requeue');
    const { runs } = ts.work(undefined, { concurrency: 3 });

    await waitFor(
      async () => (await Promise.all(ids.map((id) => go.status(id)))).every((s) => s === 'completed'),
      {
        what: 'all jobs being completed',
        timeoutMs: 60_000,
        everyMs: 100,
      },
    );
    await goWorker.close();

    const requeued = goWorker.ids('requeued');
    expect(runs.length + goWorker.ids('running').length).toBe(ids.length + requeued.length);
    expect(goWorker.ids('failed')).toEqual([]);
    expect(await go.length()).toBe(0);
    expect(await go.processing()).toBe(0);
  });
});
