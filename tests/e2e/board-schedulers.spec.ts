import { describeWithBrowser, takePicture } from '../support/browser.js';
import { waitFor } from '../support/wait.js';
import { BoardPage } from './board-page.js';
import { BoardStand } from './board-stand.js';

const HOUR = 3_600_000;

describeWithBrowser('On Bull Board the schedulers', (open) => {
  let stand: BoardStand;

  beforeEach(async () => {
    stand = await BoardStand.start({ settings: { MORE_QUEUES: 'mail' } });
    const report = { name: 'report.nightly', data: { format: 'pdf' } };
    await stand.queue().upsertJobScheduler('nightly', { pattern: '0 3 * * *', tz: 'UTC' }, report);
    // Not aligned with now: its first run is still to come.
    const digest = { every: HOUR, startDate: Date.now() + HOUR };
    await stand.queue('mail').upsertJobScheduler('digest', digest, { name: 'mail.digest' });
  });
  afterEach(() => stand.close());

  const openBoard = async (path: string) => new BoardPage(await open(stand.page(path)));
  const row = (board: BoardPage, id: string) => board.page.getByRole('row').filter({ hasText: id });

  it('of all queues are listed with their schedule, template and next run', async () => {
    const board = await openBoard('/job-schedulers');
    const nightly = row(board, 'nightly');
    await nightly.getByText('0 3 * * *').waitFor();
    await nightly.getByText('report.nightly').waitFor();
    await row(board, 'digest').getByText('every 1h').waitFor();
    await row(board, 'digest').getByRole('link', { name: 'mail', exact: true }).waitFor();

    const due = await nightly.locator('time').first().getAttribute('datetime');
    const next = new Date(due!);
    expect([next.getUTCHours(), next.getUTCMinutes()]).toEqual([3, 0]);
    expect(next.getTime()).toBeGreaterThan(Date.now());
    await nightly.getByRole('button', { name: 'Job template' }).click();
    await board.page.getByText('"pdf"').waitFor();
    await takePicture(board.page, 'board/schedulers');

    await nightly.locator('a:has(time)').click();
    await board.page.getByText(`repeat:nightly:${next.getTime()}`).first().waitFor();
  });

  it('are linked from their queue, whose next run is delayed', async () => {
    const board = await openBoard('/queue/jobs');
    await board.counts('DELAYED', 1);
    await board.page.getByRole('link', { name: 'Schedulers (1)' }).click();
    await row(board, 'nightly').waitFor();
    expect(await row(board, 'digest').count()).toBe(0);
  });

  it('are run at once when asked, and keep their schedule', async () => {
    const board = await openBoard('/job-schedulers');
    const before = await stand.queue().getJobScheduler('nightly');
    await row(board, 'nightly').getByRole('button', { name: 'Run now' }).click();
    await board.confirm();
    const queue = stand.queue();
    const job = await waitFor(async () => (await queue.getJobs(['waiting', 'prioritized']))[0], {
      what: 'a job of the scheduler',
    });
    expect(job).toMatchObject({ name: 'report.nightly', data: { format: 'pdf' } });
    expect((await stand.queue().getJobScheduler('nightly'))?.next).toBe(before?.next);
  });

  it('are changed', async () => {
    const board = await openBoard('/job-schedulers');
    await row(board, 'nightly').getByRole('button', { name: 'Edit schedule' }).click();
    const dialog = board.page.getByRole('dialog');
    await dialog.getByLabel('Cron pattern', { exact: true }).last().fill('30 4 * * *');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await row(board, 'nightly').getByText('30 4 * * *').waitFor();
    const scheduler = await stand.queue().getJobScheduler('nightly');
    expect(scheduler).toMatchObject({ pattern: '30 4 * * *', template: { data: { format: 'pdf' } } });
    expect(new Date(scheduler!.next!).getUTCMinutes()).toBe(30);
  });

  it('are removed with their next run, which cannot be removed alone', async () => {
    const next = (await stand.queue().getJobScheduler('nightly'))!.next!;
    const run = `repeat:nightly:${next}`;
    const board = await openBoard(`/queue/jobs/${encodeURIComponent(run)}`);
    await board.press('Clean');
    await board.confirm();
    await board.page.getByText('Remove the whole schedule?').waitFor();
    expect(await stand.status(run)).toBe('pending');
    await board.confirm();
    await waitFor(async () => (await stand.queue().getJobSchedulersCount()) === 0, { what: 'no scheduler' });
    expect(await stand.status(run)).toBeNull();
  });
});
