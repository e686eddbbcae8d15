import { describeWithBrowser, takePicture } from '../support/browser.js';
import { startRedis } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import { BoardPage } from './board-page.js';
import { BoardStand } from './board-stand.js';

describeWithBrowser('Bull Board shows', (open) => {
  let stand: BoardStand;

  beforeEach(async () => {
    stand = await BoardStand.start({ settings: { MORE_QUEUES: 'mail, reports' } });
  });
  afterEach(() => stand.close());

  const openBoard = async (path = '') => new BoardPage(await open(stand.page(path)));

  it('every queue with its number of jobs, and the Redis they are in', async () => {
    await stand.queue('jobs').addBulk([1, 2, 3].map((n) => ({ name: 'test.job', data: { n } })));
    await stand.queue('mail').add('mail.welcome', {}, { delay: 3_600_000 });
    const { page } = await openBoard();
    await page.locator('main').getByText('3 Jobs').waitFor();
    await page.locator('main').getByText('1 Job', { exact: true }).waitFor();
    await page.locator('main').getByText('0 Jobs').waitFor();
    for (const name of ['jobs', 'mail', 'reports'])
      await page.getByRole('complementary').getByRole('link', { name, exact: true }).waitFor();
    await takePicture(page, 'board/overview');

    await page.locator('header ul button').first().click();
    const redis = page.getByRole('dialog', { name: 'Redis details' });
    const version = /redis_version:(\S+)/.exec(await stand.redis.info('server'))?.[1];
    await redis.getByText(`Version ${version}`).or(redis.getByText(version!)).first().waitFor();
    await takePicture(page, 'board/redis');
  });

  it('the jobs of every state, each behind its tab', async () => {
    const queue = stand.queue();
    const worker = await stand.worker(async (job) => {
      if (job.name === 'test.fails') throw new Error('out of paper');
      if (job.name === 'test.runs') await new Promise((resolve) => worker.once('closing', resolve));
      return { done: true };
    });
    await queue.add('test.works', {}, { jobId: 'done-1' });
    await queue.add('test.fails', {}, { jobId: 'failed-1' });
    await waitFor(async () => (await stand.status('failed-1')) === 'failed', { what: 'failed-1 failed' });
    await waitFor(async () => (await stand.status('done-1')) === 'completed', { what: 'done-1 completed' });
    await queue.add('test.runs', {}, { jobId: 'runs-1' });
    await waitFor(async () => (await stand.status('runs-1')) === 'running', { what: 'runs-1 running' });
    await queue.add('test.waits', {}, { jobId: 'waits-1' });
    await queue.add('test.waits', {}, { jobId: 'low-1', priority: 3 });
    await queue.add('test.waits', {}, { jobId: 'later-1', delay: 3_600_000 });

    const board = await openBoard('/queue/jobs');
    const places = {
      ACTIVE: 'runs-1',
      WAITING: 'waits-1',
      PRIORITIZED: 'low-1',
      COMPLETED: 'done-1',
      FAILED: 'failed-1',
      DELAYED: 'later-1',
    };
    for (const id of Object.values(places)) await board.job(id).waitFor();
    for (const [state, id] of Object.entries(places)) {
      await board.counts(state, 1);
      await board.openState(state);
      await board.job(id).waitFor();
      expect(
        await board.page
          .locator('main')
          .getByRole('link', { name: / test\./ })
          .count(),
      ).toBe(1);
    }
    await board.counts('WAITING CHILDREN', 0);
  });

  it('what a job got, said, returned and failed with', async () => {
    await stand.worker(async (job) => {
      await job.log(`printing ${job.data.pages} pages`);
      await job.log('the tray is empty');
      await job.updateProgress(40);
      throw new Error('out of paper');
    });
    await stand.queue().add('print.letter', { pages: 7, to: 'ada' }, { jobId: 'print-1', priority: 2 });
    await waitFor(async () => (await stand.status('print-1')) === 'failed', { what: 'print-1 failed' });

    const board = await openBoard('/queue/jobs/print-1');
    const { page } = board;
    await page.getByText('priority 2').waitFor();
    await (await board.details('Error')).getByText('out of paper').waitFor();
    const data = await board.details('Data');
    await data.getByText('pages').waitFor();
    expect((await data.innerText()).replaceAll(/\s+/g, '')).toContain('jobData:{pages:7,to:"ada"}');
    await (await board.details('Options')).getByText('priority').waitFor();
    await page.getByRole('progressbar').getByText('40%').waitFor();
    const logs = await board.details('Logs');
    await logs.getByText('printing 7 pages').waitFor();
    await logs.getByText('the tray is empty').waitFor();
    await takePicture(page, 'board/job');
  });

  it('the end of a long log', async () => {
    const job = await stand.queue().add('test.talks', {}, { jobId: 'talks-1' });
    for (let n = 1; n <= 1002; n++) await job.log(`row ${n}.`);
    const board = await openBoard('/queue/jobs/talks-1');
    const logs = await board.details('Logs');
    await logs.getByText('row 1002.').waitFor();
    expect(await logs.getByRole('listitem').filter({ hasText: 'row 2.' }).count()).toBe(0);
    const rows = await logs.getByText(/^row /).allInnerTexts();
    expect([rows[0], rows.at(-1), rows.length]).toEqual(['row 3.', 'row 1002.', 1000]);
  });

  it('a job that Go added while no worker runs: its document, its type and its priority', async () => {
    const board = await openBoard('/queue/jobs');
    await board.counts('PRIORITIZED', 0);
    await stand.addAsGo('go-1', { count: 3, username: 'ada' }, 2);
    // The open page finds it by itself.
    await board.job('go-1').waitFor();
    await board.counts('PRIORITIZED', 1);
    await stand.addAsGo('go-2', { type: 'mail.welcome', payload: { to: 'bob' } }, 0);
    await board.job('go-2').waitFor();

    await board.job('go-1').click();
    await board.page.getByText('example.echo').waitFor();
    await board.page.getByText('priority 1', { exact: true }).waitFor();
    const data = await board.details('Data');
    await data.getByText('username').waitFor();
    expect((await data.innerText()).replaceAll(/\s+/g, '')).toContain('count:3,username:"ada"');
    await takePicture(board.page, 'board/go-job');

    await board.page.goto(stand.board('/queue/jobs/go-2'));
    await board.page.getByText('mail.welcome').waitFor();
    await board.page.getByText('priority 3', { exact: true }).waitFor();
    await data.getByText('bob').waitFor();
    expect((await data.innerText()).replaceAll(/\s+/g, '')).toContain('jobData:{to:"bob"}');
  });

  it('the workers that are there, by name', async () => {
    await stand.worker(async () => undefined, 'printer-7');
    const { page } = await openBoard('/queue/jobs');
    await page.getByRole('button', { name: 'Queue info' }).click();
    const info = page.getByRole('dialog', { name: 'Queue info' });
    await info.getByRole('button', { name: 'Connected workers' }).click();
    await info.getByText('printer-7').waitFor();
    await takePicture(page, 'board/workers');
  });
});

describeWithBrowser('Bull Board without Redis', (open) => {
  it('says what is wrong, and goes on when Redis is back', async () => {
    const redis = await startRedis();
    const deadlines = { requestMs: 1000, probeMs: 300 };
    const stand = await BoardStand.start({ redisUrl: redis.url, deadlines });
    try {
      await stand.queue().add('test.job', {}, { jobId: 'kept-1' });
      const board = new BoardPage(await open(stand.page('/queue/jobs')));
      await board.job('kept-1').waitFor();
      await redis.kill();
      await board.page.getByText('Redis is unavailable').first().waitFor();
      await takePicture(board.page, 'board/without-redis');
      await redis.restart();
      await waitFor(async () => (await stand.api.get('/api/health')).status === 200, {
        what: 'a healthy API',
      });
      await board.job('kept-1').waitFor();
    } finally {
      await stand.close();
      await redis.remove();
    }
  });
});
