import { TEST_ADMIN_KEY } from '../support/access.js';
import { describeWithBrowser } from '../support/browser.js';
import { rawRequest } from '../support/raw-request.js';
import { BoardStand } from './board-stand.js';

const NO_KEY = { Authorization: 'none' };
const AS_PAGE = { Accept: 'text/html,application/xhtml+xml' };

describeWithBrowser('A browser without a session', (open) => {
  let stand: BoardStand;

  beforeEach(async () => {
    stand = await BoardStand.start();
  });
  afterEach(() => stand.close());

  it('that asks for a page signs in with a key, and comes to that page', async () => {
    const page = await open(stand.board('/queue/jobs?status=failed'));
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    await page.getByLabel('API key').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('this is no valid API key').waitFor();
    await page.getByLabel('API key').fill(TEST_ADMIN_KEY);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('main').getByRole('link', { name: 'FAILED' }).waitFor();
    expect(page.url()).toBe(stand.board('/queue/jobs?status=failed'));
  });

  it('signs in with a link, and nothing of it stays in the address or the history', async () => {
    const { url } = (await stand.api.send('/api/session/links', { method: 'POST' })).body;
    const page = await open(url);
    await page.waitForURL(stand.board());
    await page.locator('main').getByText('0 Jobs').first().waitFor();
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.goBack().catch(() => undefined);
    expect(page.url()).not.toContain('token');
    const { name, value } = (await page.context().cookies())[0]!;
    expect([name, value.slice(0, 3)]).toEqual(['drover_session', 'ds_']);
  });

  it('tries the documentation out with its session', async () => {
    const page = await open(stand.page('', `${stand.api.url}/api/docs`));
    await page.getByText('/api/session', { exact: true }).first().waitFor();
    const session = await page.evaluate(`fetch('/api/session').then((answer) => answer.json())`);
    expect(session).toMatchObject({ name: 'admin', via: 'session' });
  });
});

describe('A request without a key', () => {
  let stand: BoardStand;

  beforeEach(async () => {
    stand = await BoardStand.start();
  });
  afterEach(() => stand.close());

  const ask = (path: string, headers: Record<string, string> = {}) =>
    rawRequest(stand.api.url + path, headers);

  it('for a page is sent to sign in; of a program it is refused', async () => {
    const page = await ask('/admin/queues?x=1', AS_PAGE);
    expect(page.status).toBe(303);
    expect(page.headers['location']).toBe('/sign-in?next=%2Fadmin%2Fqueues%3Fx%3D1');
    expect((await ask('/admin/queues')).status).toBe(401);
    expect((await ask('/admin/queues', { ...AS_PAGE, Authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await ask('/api/jobs', { ...AS_PAGE, 'Sec-Fetch-Mode': 'cors' })).status).toBe(401);
  });

  it('that follows a link of another site asks once more from here, with its cookie', async () => {
    const bounced = await ask('/admin/queues?x="><script>', {
      ...AS_PAGE,
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Mode': 'navigate',
    });
    expect(bounced.status).toBe(200);
    expect(bounced.body).toContain('http-equiv="refresh"');
    expect(bounced.body).not.toContain('"><script>');
  });

  it('learns nothing of what is there, or of what a body should be', async () => {
    const answers = await Promise.all([
      stand.api.send('/api/jobs/7', { headers: NO_KEY }),
      stand.api.send('/api/nothing', { headers: NO_KEY }),
      stand.api.send('/api/jobs', {
        method: 'POST',
        headers: { ...NO_KEY, 'Content-Type': 'application/json' },
        body: '{',
      }),
      stand.api.send('/api/jobs', {
        method: 'POST',
        headers: { ...NO_KEY, 'Content-Type': 'text/plain' },
        body: 'x'.repeat(2_000_000),
      }),
    ]);
    const details = answers.map(({ status, body }) => `${status} ${body.code} ${body.detail}`);
    expect(new Set(details)).toEqual(
      new Set([
        '401 UNAUTHENTICATED this needs an API key: send it as Authorization: Bearer <key>, or sign in',
      ]),
    );
  });

  it('for health learns the status, no more', async () => {
    expect((await ask('/api/health')).body).toBe('{"status":"ok"}');
    expect((await ask('/api/health', { Authorization: 'Bearer wrong' })).body).toBe('{"status":"ok"}');
    expect((await stand.api.get('/api/health')).body).toMatchObject({ queue: { name: 'jobs' } });
  });

  it('to sign in gets a form that no other page can frame or read', async () => {
    const { status, headers, body } = await ask('/sign-in?next=/"><script>');
    expect(status).toBe(200);
    expect(body).not.toContain('<script>');
    expect(headers['content-security-policy']).toMatch(
      /default-src 'none'.*frame-ancestors 'none'.*form-action 'self'/,
    );
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cache-control']).toBe('no-store');
  });

  it.each(['PUT', 'DELETE', 'PATCH'])('to %s at the page to sign in is refused', async (method) => {
    const answer = await stand.api.send('/sign-in', { method, headers: NO_KEY });
    expect(answer).toMatchObject({ status: 404, body: { code: 'ROUTE_NOT_FOUND' } });
  });

  it('to sign in with a form that is too large is refused', async () => {
    const answer = await stand.api.send('/sign-in', {
      method: 'POST',
      headers: NO_KEY,
      body: 'x'.repeat(100_000),
    });
    expect(answer.status).toBe(413);
  });
});
