import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { runHandler, type RunHandlerOptions } from '#libs/jobs/testing';
import { jobHandlerOptions, STOP_REASONS } from '../../framework/index.js';
import { reportExamples } from './examples.js';
import type { ReportResult } from './payload.js';
import { ReportGenerateHandler } from './report-generate.handler.js';
import { ReportGeneratePlugin } from './report-generate.plugin.js';

const HOSTILE = `<script>alert(1)</script>" onload='x' & co`;
const columns = [
  { key: 'region', title: 'Region' },
  { key: 'orders', format: 'number', total: 'sum' },
  { key: 'share', format: 'percent', total: 'average' },
  { key: 'size', format: 'bytes', total: 'max' },
  { key: 'at', format: 'date' },
];
const rows = [
  { region: 'North', orders: 1200.5, share: 0.25, size: 2048, at: '2026-01-02T03:04:00Z' },
  ['South', -3, 0.75, 5 * 1024 ** 2, Date.UTC(2026, 5, 1)],
  { region: HOSTILE, orders: null },
];
const folder = mkdtempSync(join(tmpdir(), 'drover-report-spec-'));
const chromium = process.env['TEST_CHROMIUM'] ?? '';
const itWithChromium = chromium ? it : it['skip'];

beforeAll(() => void Object.assign(process.env, { BROWSER_PATH: chromium, BROWSER_TEMP_DIR: folder }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function report(payload: object, options: RunHandlerOptions = {}) {
  const run = await runHandler(ReportGenerateHandler, {
    imports: [ReportGeneratePlugin.forRoot({})],
    payload: { title: 'Sales', columns, source: { kind: 'rows', rows }, ...payload },
    ...options,
  });
  const file = async (name: string) => buffer((await run.artifacts.open({ jobId: '1', name })).stream);
  return {
    ...run,
    result: run.result as ReportResult,
    file,
    text: async (name: string) => String(await file(name)),
  };
}

it('makes CSV and HTML of given rows, and lists the files', async () => {
  const run = await report({});
  expect(run.error).toBeUndefined();
  expect(run.result.rows).toBe(3);
  expect(run.result.artifacts.map(({ name, contentType }) => [name, contentType])).toEqual([
    ['report.csv', 'text/csv; charset=utf-8'],
    ['report.html', 'text/html; charset=utf-8'],
  ]);
  expect(run.progress.at(-1)).toMatchObject({ percent: 100 });
});

it('writes CSV by RFC 4180, with values as they are', async () => {
  const lines = (await (await report({ formats: ['csv'] })).text('report.csv')).split('\r\n');
  expect(lines).toEqual([
    'Region,orders,share,size,at',
    'North,1200.5,0.25,2048,2026-01-02T03:04:00Z',
    `South,-3,0.75,5242880,${Date.UTC(2026, 5, 1)}`,
    `"${HOSTILE.replaceAll('"', '""')}",,,,`,
    '',
  ]);
});

it('lets no text of a CSV be run as a formula, and leaves numbers alone', async () => {
  const formulas = [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    ' =1',
    '\u200b=1',
    '\u0000=1',
    '\n=1',
    '＝1+1',
    '＠SUM(A1)',
    '=cmd|" /C calc"!A0',
  ];
  const run = await report({
    columns: [{ key: '=title' }],
    source: { kind: 'rows', rows: [...formulas.map((text) => [text]), [-1]] },
    formats: ['csv'],
    csvBom: true,
  });
  const text = await run.text('report.csv');
  expect(text.startsWith('\ufeff')).toBe(true);
  const [title, ...cells] = text.slice(1).split('\r\n');
  expect(title).toBe("'=title");
  expect(cells.at(-2)).toBe('-1');
  for (const cell of cells.slice(0, formulas.length)) expect(cell).toMatch(/^"?'/);
});

it('writes HTML in which nothing of the rows is markup, and that loads nothing', async () => {
  const payload = {
    title: HOSTILE,
    description: HOSTILE,
    groupBy: 'region',
    chart: { kind: 'bar', x: 'region', y: ['orders'], title: HOSTILE },
  };
  const html = await (await report({ ...payload, formats: ['html'] })).text('report.html');
  expect(html).not.toMatch(/<script|onload='/i);
  expect(html).toContain('&lt;script&gt;');
  expect(html).toContain("default-src 'none'");
  expect(html).not.toMatch(/(src|href)=|url\(|@import/);
});

it('shows values by their format, language and time zone, and totals of groups and of all', async () => {
  const html = await (
    await report({
      formats: ['html'],
      locale: 'de-DE',
      timeZone: 'Asia/Tokyo',
      groupBy: 'region',
      source: {
        kind: 'rows',
        rows: [...rows.slice(0, 2), { region: 'North', orders: 10, share: 0.5, size: 1 }],
      },
    })
  ).text('report.html');
  expect(html).toContain('>1.200,5<');
  expect(html).toContain('>25\u00a0%<');
  expect(html).toContain('>5 MiB<');
  expect(html).toContain('02.01.2026, 12:04');
  const totals = [...html.matchAll(/<tr class="total">.*?<td class="right whole">(.*?)<\/td>/g)].map(
    ([, sum]) => sum,
  );
  expect(totals).toEqual(['1.210,5', '-3', '1.207,5']);
});

it.each(['bar', 'line'])('draws a %s chart that says in words what it shows', async (kind) => {
  const chart = { kind, x: 'region', y: ['orders', 'share'], title: 'Orders' };
  const html = await (await report({ formats: ['html'], chart })).text('report.html');
  expect(html).toContain('role="img" aria-labelledby="chart-title chart-text"');
  expect(html).toContain('<desc id="chart-text">orders, share for 3 rows, from -3 to 1200.5.</desc>');
  expect(html.match(kind === 'bar' ? /<rect x=/g : /<circle/g)).toHaveLength(4);
  expect(html).not.toContain('NaN');
});

it('keeps numbers in one line, breaks texts, and shows each in the direction of its script', async () => {
  const many = [
    ['مرحبا', 1234567.5],
    ['x'.repeat(20_000), 2],
  ];
  const run = await report({
    columns: [{ key: 'name' }, { key: 'n', title: 'Number', format: 'number' }],
    source: { kind: 'rows', rows: [...many, ['odd', 'y'.repeat(100)]] },
    formats: ['html'],
    locale: 'ar-EG',
  });
  const html = await run.text('report.html');
  expect(html).toContain('<html lang="ar-EG" dir="rtl">');
  expect(html).toContain('<td class="start" dir="auto">مرحبا</td>');
  expect(html).toContain('<th scope="col" class="right whole" dir="auto">Number</th>');
  expect(html.match(/<td class="right whole">/g)).toHaveLength(2);
  // What is no number in a column of them may be of any length.
  expect(html).toContain(`<td class="right">${'y'.repeat(100)}</td>`);
});

it.each([
  [
    [0, 5_899_941],
    ['0', '2M', '4M', '6M'],
  ],
  [
    [-3, 1200.5],
    ['-500', '0', '500', '1K', '1.5K'],
  ],
  [
    [0.1, 0.35],
    ['0', '0.1', '0.2', '0.3', '0.4'],
  ],
  [
    [0, 0],
    ['0', '0.25', '0.5', '0.75', '1'],
  ],
])('has round numbers at the lines of a chart of %j', async (values, expected) => {
  const run = await report({
    columns: [{ key: 'x' }, { key: 'n', format: 'number' }],
    source: { kind: 'rows', rows: values.map((value, at) => [`row ${at}`, value]) },
    chart: { kind: 'bar', x: 'x', y: ['n'] },
    formats: ['html'],
  });
  const html = await run.text('report.html');
  const shown = [...html.matchAll(/text-anchor="end">(.*?)<\/text>/g)].map(([, text]) => text);
  expect(shown).toEqual(expected);
});

it('makes a report without rows', async () => {
  const run = await report({
    source: { kind: 'rows', rows: [] },
    chart: { kind: 'bar', x: 'region', y: ['orders'] },
  });
  expect(run.error).toBeUndefined();
  expect(await run.text('report.html')).toContain('0 rows');
});

it('makes a hundred thousand rows, and refuses one more', async () => {
  const many = Array.from({ length: 100_000 }, (_, at) => [at]);
  const payload = { columns: [{ key: 'n', format: 'number', total: 'sum' }] };
  const run = await report({ ...payload, source: { kind: 'rows', rows: many } });
  expect(run.result.rows).toBe(100_000);
  expect(await run.text('report.html')).toContain('4,999,950,000');
  const refused = await report({ ...payload, source: { kind: 'rows', rows: [...many, [1]] } });
  expect(refused.error).toMatchObject({ code: 'PAYLOAD_MISMATCH' });
});

it('a PDF of more rows than a browser should lay out fails for good', async () => {
  const many = Array.from({ length: 5001 }, (_, at) => ['r', at]);
  const run = await report({ formats: ['csv', 'pdf'], source: { kind: 'rows', rows: many } });
  expect(run.outcome).toMatchObject({ kind: 'failed', retry: false, error: { code: 'REPORT_TOO_LARGE' } });
});

it('stops with its signal', async () => {
  const signal = AbortSignal.abort(STOP_REASONS.cancelled);
  expect((await report({}, { signal })).outcome).toEqual({ kind: 'cancelled' });
});

itWithChromium('prints the HTML to PDF', async () => {
  const run = await report({ formats: ['html', 'pdf'], chart: { kind: 'line', x: 'region', y: ['orders'] } });
  expect(run.error).toBeUndefined();
  const pdf = await run.file('report.pdf');
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  expect(pdf.subarray(-8).toString()).toContain('%%EOF');
  mkdirSync('test-output', { recursive: true });
  writeFileSync('test-output/report.pdf', pdf);
  writeFileSync('test-output/report.html', await run.file('report.html'));
});

it('a PDF where there is no browser fails and says what to do', async () => {
  process.env['BROWSER_PATH'] = '/nowhere/chromium';
  const run = await report({ formats: ['pdf'] }).finally(() => (process.env['BROWSER_PATH'] = chromium));
  expect(run.outcome).toMatchObject({ kind: 'failed', retry: true, error: { code: 'BROWSER_MISSING' } });
});

it.each([
  ['a column twice', { columns: [{ key: 'a' }, { key: 'a' }] }],
  ['a group by no column', { groupBy: 'nothing' }],
  ['a chart of no column', { chart: { kind: 'bar', x: 'region', y: ['nothing'] } }],
  ['an unknown source', { source: { kind: 'sql', query: 'x' } }],
  ['a name in another folder', { fileName: '../x' }],
  ['one format twice', { formats: ['csv', 'csv'] }],
])('a payload with %s is refused', async (_, payload) => {
  expect((await report(payload)).error).toMatchObject({ code: 'PAYLOAD_MISMATCH' });
});

it('has examples that work', async () => {
  expect(jobHandlerOptions(ReportGenerateHandler)?.examples).toBe(reportExamples);
  // Those of the history are made in report-history.spec.ts.
  const given = reportExamples.map(({ payload }) => payload as { source: { kind: string } });
  for (const payload of given.filter(({ source }) => source.kind === 'rows')) {
    expect((await report(payload)).error).toBeUndefined();
  }
});
