import { UnrecoverableError } from 'bullmq';
import { describeWithBrowser, takePicture } from '../support/browser.js';
import { waitFor } from '../support/wait.js';
import { BoardPage } from './board-page.js';
import { BoardStand } from './board-stand.js';

describeWithBrowser('On Bull Board a person', (open) => {
  let stand: BoardStand;

  beforeEach(async () => {
    stand = await BoardStand.start();
  });
  afterEach(() => stand.close());

  const openBoard = async (path: string) => new BoardPage(await open(stand.page(path)));
  const reaches = (id: string, status: string) =>
    waitFor(async () => (await stand.status(id)) === status, { what: `${id} ${status}` });

  /** Fails a job for good. */
  async function failed(id: string): Promise<void> {
    const worker = await stand.worker(async () => {
      throw new UnrecoverableError('no such printer');
    });
    await stand.queue().add('print.letter', {}, { jobId: id });
    await reaches(id, 'failed');
    await worker.close();
  }

  it('adds a job, and Go reads it', async () => {
    const board = await openBoard('/queue/jobs');
    const options = { jobId: 'new-1', priority: 1, attempts: 4 };
    const dialog = await board.fillNewJob('mail.welcome', { to: 'ada', copies: 2 }, options);
    await takePicture(board.page, 'board/add');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await reaches('new-1', 'pending');
    await board.job('new-1').waitFor();

    const { redis, keys } = stand;
    expect(JSON.parse((await redis.get(`${keys}data:new-1`))!)).toMatchObject({
      id: 'new-1',
      type: 'mail.welcome',
      payload: { to: 'ada', copies: 2 },
      status: 'pending',
      priority: 2,
    });
    expect(await redis.zcount(`${keys}queue`, '-inf', '-2')).toBe(1); // Go's band of high priority
    expect(await redis.zrange(`${keys}queue`, 0, -1)).toEqual(['new-1']);
    const { body } = await stand.api.get('/api/jobs/new-1');
    expect(body).toMatchObject({ priorityName: 'high', attempts: { max: 4 } });
  });

  it('adds a job twice under one id, and the first is kept', async () => {
    await stand.addAsGo('go-1', { username: 'ada' }, 1);
    const board = await openBoard('/queue/jobs');
    await board.job('go-1').waitFor();
    const dialog = await board.fillNewJob('mail.welcome', { to: 'bob' }, { jobId: 'go-1' });
    const answered = board.page.waitForResponse((response) => response.url().endsWith('/jobs/add'));
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    expect((await answered).status()).toBe(200);
    expect(JSON.parse((await stand.redis.get(`${stand.keys}data:go-1`))!)).toMatchObject({ username: 'ada' });
  });

  it('is told what is wrong with a job that cannot be added', async () => {
    const board = await openBoard('/queue/jobs');
    const dialog = await board.fillNewJob('mail.welcome', {}, { delay: 1e15 });
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await board.page.getByText(/delay must be a whole number of milliseconds/).waitFor();
    await takePicture(board.page, 'board/refused');
    expect(await stand.redis.exists(`${stand.keys}queue`, `${stand.keys}delayed`)).toBe(0);
  });

  it('retries a failed job', async () => {
    await failed('failed-1');
    const board = await openBoard('/queue/jobs/failed-1');
    await board.press('Retry');
    await board.confirm();
    await reaches('failed-1', 'pending');
    expect(await stand.redis.zscore(`${stand.keys}queue`, 'failed-1')).not.toBeNull();
    expect(await stand.redis.zscore(`${stand.keys}failed`, 'failed-1')).toBeNull();
  });

  it('retries all failed jobs', async () => {
    await failed('failed-1');
    await failed('failed-2');
    const board = await openBoard('/queue/jobs?status=failed');
    await board.job('failed-1').waitFor();
    await board.page.getByRole('button', { name: 'Retry all' }).click();
    await board.confirm();
    await board.counts('FAILED', 0);
    await board.counts('WAITING', 2);
    expect(await stand.redis.zcard(`${stand.keys}queue`)).toBe(2);
  });

  it('promotes a delayed job', async () => {
    await stand.queue().add('print.letter', {}, { jobId: 'later-1', delay: 3_600_000 });
    expect(await stand.redis.zscore(`${stand.keys}queue`, 'later-1')).toBeNull();
    const board = await openBoard('/queue/jobs/later-1');
    await board.press('Promote');
    await board.confirm();
    await waitFor(() => stand.redis.zscore(`${stand.keys}queue`, 'later-1'), {
      what: 'later-1 in the queue',
    });
    expect(await stand.redis.zcard(`${stand.keys}delayed`)).toBe(0);
  });

  it('pauses the queue, and resumes it', async () => {
    const worker = await stand.worker(async () => 'done');
    const board = await openBoard('/queue/jobs');
    await board.menu('Pause');
    await board.confirm();
    await waitFor(() => stand.queue().isPaused(), { what: 'a paused queue' });
    await stand.queue().add('print.letter', {}, { jobId: 'held-1' });
    await board.job('held-1').waitFor();
    await board.counts('WAITING', 1);
    await takePicture(board.page, 'board/paused');
    await board.menu('Resume');
    await board.confirm();
    await reaches('held-1', 'completed');
    expect(worker.isRunning()).toBe(true);
  });

  it('removes a job, of Go too', async () => {
    await stand.addAsGo('go-1', { username: 'ada' }, 1);
    const board = await openBoard('/queue/jobs/go-1');
    await board.press('Clean');
    await board.confirm();
    await waitFor(async () => (await stand.status('go-1')) === null, { what: 'go-1 gone' });
    expect(await stand.redis.keys(`${stand.keys}*go-1`)).toEqual([]);
    expect(await stand.redis.zcard(`${stand.keys}queue`)).toBe(0);
  });

  it('cleans the jobs of one state, and no others', async () => {
    await failed('failed-1');
    await stand.queue().add('print.letter', {}, { jobId: 'waits-1' });
    // It spares what ended within the last seconds: this one ended long ago.
    await stand.redis.zadd(`${stand.keys}failed`, 'XX', Date.now() - 3_600_000, 'failed-1');
    const board = await openBoard('/queue/jobs?status=failed');
    await board.job('failed-1').waitFor();
    await board.page.getByRole('button', { name: 'Clean all' }).click();
    await board.confirm();
    await board.counts('FAILED', 0);
    expect(await stand.status('failed-1')).toBeNull();
    expect(await stand.status('waits-1')).toBe('pending');
  });

  it('changes the data of a waiting job', async () => {
    await stand.queue().add('print.letter', { pages: 1 }, { jobId: 'waits-1' });
    const board = await openBoard('/queue/jobs/waits-1');
    await board.press('Update Data');
    const dialog = board.page.getByRole('dialog');
    await dialog.locator('.cm-content').first().fill('{"pages":2}');
    await dialog.getByRole('button', { name: /^(Update|Save)/ }).click();
    await waitFor(
      async () => JSON.parse((await stand.redis.get(`${stand.keys}data:waits-1`))!).payload.pages === 2,
      { what: 'two pages in the document' },
    );
  });
});
