import { describeWithBrowser, takePicture } from '../support/browser.js';
import { waitFor } from '../support/wait.js';
import { BoardPage } from './board-page.js';
import { BoardStand } from './board-stand.js';

describeWithBrowser('Bull Board shows a flow', (open) => {
  let stand: BoardStand;

  beforeEach(async () => {
    stand = await BoardStand.start({ settings: { MORE_QUEUES: 'mail' } });
    await stand.flows().add({
      name: 'album.print',
      queueName: 'jobs',
      opts: { jobId: 'album-1' },
      children: [
        {
          name: 'page.print',
          queueName: 'jobs',
          opts: { jobId: 'page-1' },
          children: [{ name: 'photo.fetch', queueName: 'mail', opts: { jobId: 'photo-1' } }],
        },
        { name: 'page.print', queueName: 'jobs', opts: { jobId: 'page-2' } },
      ],
    });
  });
  afterEach(() => stand.close());

  const openBoard = async (path: string) => new BoardPage(await open(stand.page(path)));

  it('as one tree over two queues, whichever of its jobs is opened', async () => {
    await stand.worker(async () => 'printed');
    await waitFor(async () => (await stand.status('page-2')) === 'completed', { what: 'page-2 completed' });
    const tree = [
      'album.print, waiting-children, queue jobs, id album-1',
      'page.print, waiting-children, queue jobs, id page-1',
      'page.print, completed, queue jobs, id page-2',
      'photo.fetch, waiting, queue mail, id photo-1',
    ];
    for (const path of ['/queue/jobs/album-1', '/queue/mail/photo-1']) {
      const { page } = await openBoard(path);
      const flow = page.getByRole('application');
      for (const node of tree) await flow.getByRole('group', { name: node }).waitFor();
      const edges = await flow.getByRole('group', { name: /^Edge from/ }).all();
      expect(edges).toHaveLength(3);
      await takePicture(page, `board/flow-${path.split('/').at(-1)}`);
    }
  });

  it('with its parents behind a tab of their own, until the children are done', async () => {
    const board = await openBoard('/queue/jobs');
    await board.counts('WAITING CHILDREN', 2);
    await board.openState('WAITING CHILDREN');
    await board.job('album-1').waitFor();
    await board.job('page-1').waitFor();
    await stand.worker(async () => 'printed');
    await stand.worker(async () => 'fetched', 'mail-worker', 'mail');
    await board.counts('WAITING CHILDREN', 0);
    await board.counts('COMPLETED', 3);
    expect(await stand.status('album-1')).toBe('completed');
  });

  it('and removes the children nobody has started', async () => {
    const board = await openBoard('/queue/jobs/album-1');
    await board.press('Remove unprocessed children');
    await board.confirm();
    await waitFor(async () => (await stand.status('page-2')) === null, { what: 'page-2 gone' });
    await waitFor(async () => (await stand.redis.exists(`${stand.api.prefix}:mail:data:photo-1`)) === 0, {
      what: 'photo-1 gone',
    });
  });
});
