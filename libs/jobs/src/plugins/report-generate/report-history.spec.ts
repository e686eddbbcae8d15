import { text } from 'node:stream/consumers';
import { runHandler } from '#libs/jobs/testing';
import { STOP_REASONS } from '../../framework/index.js';
import { TestServer } from '../http-request/http-server.testkit.js';
import { reportExamples } from './examples.js';
import { ReportGenerateHandler } from './report-generate.handler.js';
import { ReportGeneratePlugin } from './report-generate.plugin.js';

const KEY = 'dk_a_key';
const columns = [
  { key: 'id' },
  { key: 'type' },
  { key: 'runMs', format: 'number' },
  { key: 'payload.user.id' },
  { key: 'tags' },
  { key: 'nothing.there' },
];

/** A stand-in of the API's `GET /api/history/export`. */
let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
});
beforeEach(() => server.reset());
afterAll(() => server.close());

const isOfHistory = (payload: unknown) => (payload as { source: { kind: string } }).source.kind === 'history';

async function report(source: object = {}, environment: Record<string, string> = {}) {
  const settings = { DROVER_API_URL: server.url(''), DROVER_API_KEY: KEY, ...environment };
  const run = await runHandler(ReportGenerateHandler, {
    imports: [ReportGeneratePlugin.forRoot(settings)],
    payload: { title: 'Jobs', columns, source: { kind: 'history', ...source }, formats: ['csv'] },
  });
  const csv = async () => text((await run.artifacts.open({ jobId: '1', name: 'report.csv' })).stream);
  return { ...run, csv };
}

const job = (id: number) => ({
  id: String(id),
  type: 'mail.send',
  runMs: id,
  payload: { user: { id: 7 } },
  tags: ['a', 'b'],
});
const lines = (...jobs: object[]) => jobs.map((one) => `${JSON.stringify(one)}\n`).join('');

it('makes a report of jobs of the history, with parts of their payloads', async () => {
  server.answer = (_, response) => void response.end(lines(job(1), job(2)));
  const run = await report();
  expect(run.error).toBeUndefined();
  expect((await run.csv()).split('\r\n').slice(1, 3)).toEqual([
    '1,mail.send,1,7,"[""a"",""b""]",',
    '2,mail.send,2,7,"[""a"",""b""]",',
  ]);
});

it('asks with its key for the jobs of the filter, and of the last hours', async () => {
  server.answer = (_, response) => void response.end('');
  const before = Date.now();
  await report({ filter: { status: 'failed', type: 'mail.send' }, finishedWithin: '24h' });
  const url = new URL(server.url(server.last.url));
  expect(server.last.headers.authorization).toBe(`Bearer ${KEY}`);
  expect(url.pathname).toBe('/api/history/export');
  const { finishedFrom, ...rest } = Object.fromEntries(url.searchParams);
  expect(rest).toEqual({ format: 'ndjson', status: 'failed', type: 'mail.send' });
  const from = Date.parse(finishedFrom!) + 86_400_000;
  expect(from).toBeGreaterThanOrEqual(before);
  expect(from).toBeLessThanOrEqual(Date.now());
});

it('makes its example', async () => {
  server.answer = (_, response) => void response.end(lines({ ...job(1), error: 'away' }));
  const [example] = reportExamples.filter(({ payload }) => isOfHistory(payload));
  const run = await runHandler(ReportGenerateHandler, {
    imports: [ReportGeneratePlugin.forRoot({ DROVER_API_URL: server.url(''), DROVER_API_KEY: KEY })],
    payload: example?.payload,
  });
  expect(run.error).toBeUndefined();
  expect(run.result).toMatchObject({ rows: 1 });
});

it('keeps the path under which the API is served', async () => {
  server.answer = (_, response) => void response.end('');
  await report({}, { DROVER_API_URL: server.url('/drover') });
  expect(server.last.url).toMatch(/^\/drover\/api\/history\/export\?/);
});

it('shows whole numbers exactly that JavaScript cannot hold', async () => {
  server.answer = (_, response) =>
    void response.end(
      '{"id":"a \\"12345678901234567890\\" b","payload":{"user":{"id":12345678901234567890}}}\n',
    );
  expect((await (await report()).csv()).split('\r\n')[1]).toBe(
    '"a ""12345678901234567890"" b",,,12345678901234567890,,',
  );
});

it('takes as many jobs as it shall, and lets go of the rest', async () => {
  let isClosed = false;
  server.answer = (_, response) => {
    response.once('close', () => (isClosed = true));
    // Never ends by itself.
    response.write(lines(job(1), job(2), job(3)));
  };
  const run = await report({ limit: 2 });
  expect(run.result).toMatchObject({ rows: 2 });
  await new Promise<void>((resolve) => {
    const look = () => (isClosed ? resolve() : setImmediate(look));
    look();
  });
});

it.each([
  [401, 'HISTORY_REFUSED', false],
  [403, 'HISTORY_REFUSED', false],
  [400, 'HISTORY_REFUSED', false],
  [429, 'HISTORY_UNAVAILABLE', true],
  [503, 'HISTORY_UNAVAILABLE', true],
] as const)('an answer %i fails it with %s; tried again: %s', async (status, code, retry) => {
  server.answer = (_, response) =>
    void response.writeHead(status).end(JSON.stringify({ detail: 'not today' }));
  const run = await report();
  expect(run.outcome).toMatchObject({ kind: 'failed', retry, error: { code } });
  expect(run.error?.message).toContain(`${status}: not today`);
  expect(run.error?.message).not.toContain(KEY);
});

it('is tried again when the API breaks off in the middle, and keeps no file', async () => {
  server.answer = (_, response) => {
    response.write(lines(job(1)), () => void response.destroy());
  };
  const run = await report();
  expect(run.outcome).toMatchObject({ kind: 'failed', retry: true, error: { code: 'HISTORY_UNAVAILABLE' } });
  expect(await run.artifacts.list('1')).toEqual([]);
});

it('is tried again when nobody listens, without telling the address', async () => {
  const run = await report({}, { DROVER_API_URL: 'http://127.0.0.1:1' });
  expect(run.outcome).toMatchObject({ kind: 'failed', retry: true, error: { code: 'HISTORY_UNAVAILABLE' } });
  expect(run.error?.message).not.toContain('127.0.0.1');
});

it('follows no redirect, which would take the key along', async () => {
  server.answer = (_, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
  expect((await report()).outcome).toMatchObject({ kind: 'failed', error: { code: 'HISTORY_UNAVAILABLE' } });
});

it('fails for good, naming the settings, where they are missing', async () => {
  const run = await report({}, { DROVER_API_KEY: '' });
  expect(run.outcome).toMatchObject({ kind: 'failed', retry: false, error: { code: 'HISTORY_NOT_SET' } });
  expect(run.error?.message).toContain('DROVER_API_KEY');
});

it('stops when it is cancelled while it reads', async () => {
  const control = new AbortController();
  server.answer = (_, response) => {
    response.write(lines(job(1)), () => control.abort(STOP_REASONS.cancelled));
  };
  const run = await runHandler(ReportGenerateHandler, {
    imports: [ReportGeneratePlugin.forRoot({ DROVER_API_URL: server.url(''), DROVER_API_KEY: KEY })],
    payload: { title: 'Jobs', columns, source: { kind: 'history' }, formats: ['csv'] },
    signal: control.signal,
  });
  expect(run.outcome).toMatchObject({ kind: 'cancelled' });
});

it.each(['ftp://example.org', 'example.org', 'http://'])('refuses an address that is none: %s', (url) => {
  expect(() => ReportGeneratePlugin.forRoot({ DROVER_API_URL: url })).toThrow('DROVER_API_URL');
});
