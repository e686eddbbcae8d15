import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeWithBrowser } from '../support/browser.js';
import { BoardStand } from './board-stand.js';

/** A server of somebody else with an empty page. */
async function elsewhere(): Promise<{ url: string; server: Server }> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html').end('<title>elsewhere</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describeWithBrowser('A page of another origin', (open) => {
  let stand: BoardStand;
  let other: Awaited<ReturnType<typeof elsewhere>>;

  beforeEach(async () => {
    stand = await BoardStand.start();
    other = await elsewhere();
  });
  afterEach(async () => {
    other.server.close();
    await stand.close();
  });

  it('cannot add a job', async () => {
    const page = await open(stand.page('', other.url), stand.api.url);
    // What a page may send to anywhere without asking: a form of plain text.
    await page.setContent(
      `<form method=post enctype=text/plain action="${stand.board('/api/queues/jobs/add')}"><button>Win</button></form>`,
    );
    await page.getByRole('button', { name: 'Win' }).click();
    await page.getByText('CROSS_SITE_REQUEST').waitFor();
    expect(await stand.redis.keys(`${stand.keys}data:*`)).toEqual([]);
  });

  it('cannot pause a queue', async () => {
    const page = await open(stand.page('', other.url), stand.api.url);
    const target = JSON.stringify(stand.board('/api/queues/jobs/pause'));
    // The browser asks first whether it may, and is not told so.
    const outcome = await page.evaluate(
      `fetch(${target}, { method: 'PUT' }).then(() => 'answered', () => 'refused')`,
    );
    expect(outcome).toBe('refused');
    expect(await stand.queue().isPaused()).toBe(false);
  });

  it('is not let in under a name of its own that points to this machine', async () => {
    const rebound = stand.board().replace('127.0.0.1', 'rebound.example');
    const page = await open(rebound);
    const problem = JSON.parse(await page.locator('body').innerText()) as object;
    expect(problem).toMatchObject({ status: 403, code: 'HOST_NOT_ALLOWED' });
    expect(JSON.stringify(problem)).toContain('rebound.example');
  });
});
