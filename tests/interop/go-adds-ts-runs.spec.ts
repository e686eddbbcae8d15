import { waitFor } from '../support/wait.js';
import { describeWithGo } from './support/legacy-build.js';
import { useStand } from './support/stand.js';

describeWithGo('Go adds, TypeScript runs', () => {
  const open = useStand({ defaultType: 'instagram.post' });

  it('lets Go read the status and the result, and hear every event', async () => {
    const { go, ts } = open();
    const watch = await go.watch();
    ts.work();

    await go.add({ id: 'a', priority: 2 });
    await watch.waitForEvent('a', 'job_completed');

    expect(await go.status('a')).toBe('completed');
    expect(await go.result('a')).toEqual({ ran: 'a' });
    expect(watch.heard('a')).toEqual([
      'status_updated pending',
      'job_added pending',
      'status_updated running',
      'status_updated completed',
      'job_completed completed',
    ]);
    expect(watch.messages.find(({ event }) => event === 'job_added')?.data.priority).toBe(2);
  });

  it('gives the handler the whole document, and the default type', async () => {
    const { go, ts } = open();
    const { runs } = ts.work();

    await go.add({ id: 'a', priority: 1, amount: 3, username: 'ada <&> "ö"', test_mode: true, failed: 2 });
    await go.waitForStatus('a', 'completed');

    expect(runs).toHaveLength(1);
    expect(runs[0]!.type).toBe('instagram.post');
    expect(runs[0]!.data).toMatchObject({
      id: 'a',
      priority: 1,
      deleted_at: null,
      count: 3,
      username: 'ada <&> "ö"',
      successful: 0,
      failed: 2,
      test_mode: true,
    });
  });

  it('shows the job as running to Go while it runs, and as gone afterwards', async () => {
    const { go, ts } = open();
    let finish = () => {};
    ts.work(() => new Promise<void>((resolve) => (finish = resolve)));

    await go.add({ id: 'a' });
    await go.waitForStatus('a', 'running');
    expect(await go.isProcessing('a')).toBe(true);
    expect(await go.processing()).toBe(1);
    expect(await go.length()).toBe(0);
    expect(await go.pending()).toEqual([]);

    finish();
    await go.waitForStatus('a', 'completed');
    expect(await go.isProcessing('a')).toBe(false);
    expect(await go.processing()).toBe(0);
  });

  it('tells Go of a handler that throws', async () => {
    const { go, ts } = open();
    const watch = await go.watch();
    ts.work(() => {
      throw new Error('no such account');
    });

    await go.add({ id: 'a' });
    await watch.waitForEvent('a', 'job_failed');

    expect(await go.status('a')).toBe('failed');
    expect(await go.processing()).toBe(0);
    expect(watch.heard('a').slice(-2)).toEqual(['status_updated failed', 'job_failed failed']);
    expect((await ts.service.jobs.find('a'))?.error).toContain('no such account');
  });

  it('starts a job of Go on an idle worker without waiting for the next look around', async () => {
    const { go, ts } = open({ reconcileSeconds: 3600 });
    const { ready, ids } = ts.work();
    await ready();

    for (const id of ['a', 'b', 'c']) {
      await go.add({ id });
      await go.waitForStatus(id, 'completed', 5000);
    }
    expect(ids()).toEqual(['a', 'b', 'c']);
  });

  it('runs what Go added before any worker was there', async () => {
    const { go, ts } = open();
    await go.addMany(20, { id: 'early' });

    const { ids } = ts.work(undefined, { concurrency: 5 });
    await waitFor(async () => ids().length === 20 && (await go.processing()) === 0);

    expect(new Set(ids()).size).toBe(20);
    expect(await go.length()).toBe(0);
    expect(await go.status('early-20')).toBe('completed');
  });

  it.each([
    [
      'an object',
      { text: 'ü "quoted" \\ \u2028 <&>', deep: [[], {}, [null]], big: 9007199254740991, small: -1e-7 },
    ],
    ['an empty list', []],
    ['text', 'done'],
    ['a number', 0],
    ['no', false],
    ['null', null],
  ])('hands a result that is %s to Go as it is', async (_, result) => {
    const { go, ts } = open();
    ts.work(() => result);

    await go.add({ id: 'a' });
    await go.waitForStatus('a', 'completed');

    expect(await go.result('a')).toEqual(result);
  });

  it('completes a job whose handler returns nothing', async () => {
    const { go, ts } = open();
    ts.work(() => undefined);

    await go.add({ id: 'a' });
    await go.waitForStatus('a', 'completed');

    expect(await go.processing()).toBe(0);
  });

  it('keeps a result that the Go producer looks for only after another job was added', async () => {
    const { go, ts } = open();
    ts.work();
    await go.add({ id: 'a' });
    await go.waitForStatus('a', 'completed');
    await go.add({ id: 'b' });
    await go.waitForStatus('b', 'completed');

    expect(await go.result('a')).toEqual({ ran: 'a' });
  });

  it('runs a job again that Go adds again under its id', async () => {
    const { go, ts } = open();
    const { runs } = ts.work(({ data }) => data);
    await go.add({ id: 'a', amount: 1 });
    await go.waitForStatus('a', 'completed');

    await go.add({ id: 'a', amount: 2 });
    await waitFor(() => runs.length === 2, { what: 'the second run' });
    await go.waitForStatus('a', 'completed');

    expect(await go.result('a')).toMatchObject({ count: 2 });
  });
});
