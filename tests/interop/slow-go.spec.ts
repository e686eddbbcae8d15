import { waitFor } from '../support/wait.js';
import { describeWithGo } from './support/legacy-build.js';
import { useStand } from './support/stand.js';

// Every operation of Go is several commands. Here other things happen between all of them: Go waits
// after each, while Drover looks around and its workers take what there is.
const SLOW = ['--slow', '150ms'];

describeWithGo('a Go service on a slow network', () => {
  const open = useStand();

  it('adds a job that runs exactly once', async () => {
    const { ts, go, moreGo } = open();
    const { ids } = ts.work();

    await Promise.all(['a', 'b', 'c'].map((id) => moreGo(SLOW).add({ id, amount: 4 })));
    for (const id of ['a', 'b', 'c']) await go.waitForStatus(id, 'completed');

    expect(ids().sort()).toEqual(['a', 'b', 'c']);
  });

  it('requeues a job that then runs, with its payload', async () => {
    const { ts, go, moreGo } = open();
    const slow = moreGo(SLOW);
    await ts.queue.add('mail', { n: 1 }, { jobId: 'a' });
    await slow.dequeue();
    const { runs } = ts.work();

    await slow.failRequeue('a');
    await waitFor(() => runs.length === 1, { what: 'the job running again' });
    await go.waitForStatus('a', 'completed');

    expect(runs).toMatchObject([{ id: 'a', type: 'mail', data: { n: 1 } }]);
    expect(await go.length()).toBe(0);
  });

  it('requeues a job of its own that then runs', async () => {
    const { ts, go, moreGo } = open();
    const slow = moreGo(SLOW);
    await go.add({ id: 'a', amount: 4 });
    await slow.dequeue();
    const { runs } = ts.work();

    await slow.failRequeue('a');
    await waitFor(() => runs.length === 1, { what: 'the job running again' });
    await go.waitForStatus('a', 'completed');
    expect(runs).toMatchObject([{ data: { count: 4 } }]);
  });

  it('takes jobs and completes them while TypeScript takes others: each runs once', async () => {
    const { ts, go } = open();
    const worker = go.work('--slow', '60ms', '--sleep', '0s');
    const ids = await go.addMany(5, { id: 'early' });
    await waitFor(() => worker.ids('running').length > 0, { what: 'Go having one' });
    const { ids: ran } = ts.work();
    ids.push(...(await go.addMany(20, { id: 'late' })));

    await waitFor(
      async () => (await Promise.all(ids.map((id) => go.status(id)))).every((s) => s === 'completed'),
      {
        what: 'all being completed',
      },
    );
    await worker.close();
    expect([...ran(), ...worker.ids('running')].sort()).toEqual(ids.sort());
    expect(worker.errors).toBe('');
  });

  it('adds again a job that has completed: it runs again', async () => {
    const { ts, go, moreGo } = open();
    const { runs } = ts.work();
    await go.add({ id: 'a', amount: 1 });
    await go.waitForStatus('a', 'completed');

    await moreGo(SLOW).add({ id: 'a', amount: 2 });
    await waitFor(() => runs.length === 2, { what: 'the second run' });
    await go.waitForStatus('a', 'completed');
    expect(runs[1]!.data).toMatchObject({ count: 2 });
  });

  it('cancels what TypeScript runs', async () => {
    const { ts, go, moreGo } = open();
    const { runs } = ts.work(
      ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
    );
    await go.add({ id: 'a' });
    await waitFor(() => runs.length === 1);

    await moreGo(SLOW).cancel('a');
    await waitFor(() => runs[0]!.signal.aborted);
    expect(await go.status('a')).toBe('cancelled');
    expect(await go.length()).toBe(0);
  });
});
