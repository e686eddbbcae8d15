// Every bundled plugin as users meet it: added through the API, run by the built worker, against real services on this machine.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobView } from '#libs/contracts';
// A plugin's own stand-in of its service.
// eslint-disable-next-line no-restricted-imports
import { TestSmtpServer } from '../../libs/jobs/src/plugins/email-send/smtp-server.testkit.js';
import { describeWithBrowser } from '../support/browser.js';
import { testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import { expectProblem, TestApi } from './api-client.js';
import { WorkerProcess } from './worker-process.js';

const PAGE = '<!doctype html><title>Shop</title><h1>Two left</h1><a href="/cart">Cart</a>';

let api: TestApi;
let smtp: TestSmtpServer;
let site: Server;
let siteUrl: string;
let worker: WorkerProcess;
const dataDir = mkdtempSync(join(tmpdir(), 'drover-plugins-'));

beforeAll(async () => {
  smtp = await TestSmtpServer.start();
  site = createServer((request, response) => {
    if (request.url === '/stock.json') {
      response.setHeader('content-type', 'application/json').end('{"left":2}');
    } else {
      response.setHeader('content-type', 'text/html').end(PAGE);
    }
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(site.address() as AddressInfo).port}`;
  siteUrl = `http://${host}`;
  api = await TestApi.start();
  worker = new WorkerProcess({
    REDIS_URL: testRedisUrl(),
    QUEUE_PREFIX: api.prefix,
    DATA_DIR: dataDir,
    HTTP_PRIVATE_HOSTS: host,
    BROWSER_PRIVATE_HOSTS: host,
    SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
    SMTP_FROM: 'Drover <jobs@example.org>',
  });
  await worker.ready();
  await waitFor(async () => (await api.get('/api/types')).body.items.length > 0);
});

afterAll(async () => {
  await worker.stop();
  await api.close();
  await smtp.close();
  site.closeAllConnections();
  await new Promise((resolve) => site.close(resolve));
  rmSync(dataDir, { recursive: true, force: true });
});

/** Adds a job and waits for its end. */
async function run(type: string, payload: unknown): Promise<JobView> {
  const { id } = await api.create({ type, payload, attempts: 1 });
  const address = `/api/jobs/${id}`;
  await waitFor(async () => ['completed', 'failed'].includes((await api.get(address)).body.status), {
    what: `${type} to end`,
    timeoutMs: 60_000,
  });
  return (await api.get(address)).body as JobView;
}

it('all of them are published with schemas and examples', async () => {
  const { items } = (await api.get('/api/types')).body;
  expect(items.map(({ type }: { type: string }) => type)).toEqual([
    'browser.run',
    'email.send',
    'example.echo',
    'example.fail',
    'example.sleep',
    'http.request',
    'report.generate',
  ]);
  for (const name of ['browser.run', 'email.send', 'http.request', 'report.generate']) {
    const { body: type } = await api.get(`/api/types/${name}`);
    expect(type).toMatchObject({ payload: { type: 'object' }, result: { type: 'object' } });
    expect(type.examples.length).toBeGreaterThan(0);
    for (const { title, payload } of type.examples) {
      const { status } = await api.post('/api/jobs', { type: name, payload, delay: 86_400_000 });
      expect({ title, status }).toEqual({ title, status: 201 });
    }
  }
});

it('http.request fetches from where it may, and refuses where it may not', async () => {
  expect(await run('http.request', { url: `${siteUrl}/stock.json` })).toMatchObject({
    status: 'completed',
    result: { status: 200, body: { left: 2 } },
  });
  const other = new URL(siteUrl);
  other.port = String((api.app.getHttpServer().address() as AddressInfo).port);
  expect(await run('http.request', { url: other.href })).toMatchObject({
    status: 'failed',
    errorCode: 'HTTP_ADDRESS_REFUSED',
  });
});

it('a payload that does not fit is refused by the API, before there is a job', async () => {
  expectProblem(
    await api.post('/api/jobs', { type: 'http.request', payload: { url: 'x', methd: 'GET' } }),
    400,
    'INVALID_REQUEST',
  );
});

it('an attachment that is too large for a payload is refused with what to do instead', async () => {
  const attachments = [{ filename: 'a.bin', content: Buffer.alloc(200_000).toString('base64') }];
  const payload = { to: 'ada@example.org', subject: 's', text: 't', attachments };
  const answer = await api.post('/api/jobs', { type: 'email.send', payload });
  expectProblem(answer, 413, 'PAYLOAD_TOO_LARGE');
  expect(answer.body.detail).toContain('larger content belongs into an artifact that the payload names');
});

it('report.generate writes files, and email.send sends one of them', async () => {
  const report = await run('report.generate', {
    title: 'Stock',
    columns: [
      { key: 'item', title: 'Item' },
      { key: 'left', title: 'Left', format: 'number', total: 'sum' },
    ],
    source: { kind: 'rows', rows: [{ item: 'Bell', left: 2 }, ['Rope', 5]] },
    chart: { kind: 'bar', x: 'item', y: ['left'] },
    formats: ['csv', 'html'],
  });
  expect(report).toMatchObject({ status: 'completed', result: { rows: 2 } });
  const { artifacts } = report.result as { artifacts: { name: string }[] };
  expect(artifacts.map(({ name }) => name)).toEqual(['report.csv', 'report.html']);
  const sent = await run('email.send', {
    to: 'ada@example.org',
    subject: 'Stock',
    text: 'As every day.',
    attachments: [{ artifact: { jobId: report.id, name: 'report.csv' } }],
  });
  expect(sent).toMatchObject({ status: 'completed', result: { accepted: ['ada@example.org'] } });
  const [{ mail }] = smtp.received as [(typeof smtp.received)[number]];
  expect(mail.attachments.map(({ content }) => content.toString())).toEqual([
    expect.stringContaining('Bell'),
  ]);
});

describeWithBrowser('browser.run', () => {
  it('does its steps in Chromium', async () => {
    const job = await run('browser.run', {
      steps: [
        { kind: 'goto', url: siteUrl },
        { kind: 'assert', selector: 'h1', text: 'Two left' },
        { kind: 'extract', as: 'cart', selector: 'a', what: 'attribute', attribute: 'href' },
        { kind: 'screenshot', name: 'page' },
      ],
    });
    expect(job).toMatchObject({
      status: 'completed',
      result: { title: 'Shop', data: { cart: '/cart' }, artifacts: ['page.png'] },
    });
  });
});
