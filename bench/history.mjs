// npm run bench:history [-- <rows>]: pages of a large history on PostgreSQL.
// Fills a database of its own with rows, then times filtered pages, and looks whether an index serves each.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { performance } from 'node:perf_hooks';
import { join } from 'node:path';
import { findPostgres, startPostgresServer } from '../scripts/lib/postgres.mjs';

const rows = Number(process.argv[2] ?? 5_000_000);
const ROUNDS = 15;
const TARGET_MS = 200;
/** A server with memory for its indexes, as one for millions of rows would have. */
const SETTINGS = {
  fsync: 'off',
  shared_buffers: '512MB',
  work_mem: '32MB',
  max_wal_size: '8GB',
  maintenance_work_mem: '512MB',
};

const FILL = `
INSERT INTO job_records (queue, id, version, partial, type, status, state, priority, payload, result, error, error_code,
  attempts_made, attempts_started, attempts_max, created_at, ready_at, first_started_at, started_at, finished_at, creator, tags,
  batch, worker, language, legacy, timeline)
SELECT 'queue-' || n % 3, 'job-' || n, n, false, 'type-' || n % 40, s, s, n % 3,
  jsonb_build_object('order', n, 'customer', 'customer-' || n % 5000), jsonb_build_object('ok', true),
  CASE WHEN s = 'failed' THEN 'request ' || n || ' to shop-' || n % 1000 || ' timed out' END,
  CASE WHEN s = 'failed' THEN 'TIMEOUT' END, 1, 1, 3, t, t, t + interval '1 s', t + interval '1 s', t + interval '2 s',
  'creator-' || n % 200, ARRAY['tag-' || n % 1000], 'batch-' || n / 500, 'worker-' || n % 8, 'ts', false,
  '{"1-0":["added"],"1-1":["waiting"],"2-0":["active"],"3-0":["completed"]}'
FROM (SELECT n, now() - (n * 0.12) * interval '1 s' AS t,
  CASE WHEN n % 50 = 0 THEN 'failed' WHEN n % 997 = 0 THEN 'cancelled' ELSE 'completed' END AS s
  FROM generate_series($1::int, $2::int) AS n) AS made`;

const day = (back) => new Date(Date.now() - back * 86_400_000).toISOString();
const CASES = {
  'newest, no filter': {},
  'status failed': { status: 'failed' },
  'status cancelled (1 in 1,000)': { status: 'cancelled' },
  type: { type: 'type-7' },
  'type and status': { type: 'type-10', status: 'failed' },
  queue: { queue: 'queue-1' },
  'queue and status': { queue: 'queue-2', status: 'failed' },
  priority: { priority: 'low' },
  creator: { creator: 'creator-17' },
  tag: { tag: 'tag-123' },
  batch: { batch: 'batch-77' },
  'created in a day': { createdFrom: day(2), createdTo: day(1) },
  'finished in a day, failed': { finishedFrom: day(2), finishedTo: day(1), status: 'failed' },
  'words in the error': { error: 'shop-50' },
  'deep page (cursor at half)': { after: true },
};

const { openDatabase } = await import('../dist/libs/sql/src/index.js');
const { HISTORY_PART, HistoryReader } = await import('../dist/libs/history/src/index.js');
const folder = findPostgres();
if (!folder) throw new Error('PostgreSQL was not found');
const dir = mkdtempSync(join(tmpdir(), 'drover-bench-history-'));
const server = await startPostgresServer({ folder, dir, user: 'bench', settings: SETTINGS });
let slow = 0;
try {
  const database = await openDatabase({ url: `${server.url}/postgres`, folder: dir, parts: [HISTORY_PART] });
  const { dataSource } = database;
  const began = Date.now();
  for (let from = 1; from <= rows; from += 20_000) {
    await dataSource.query(FILL, [from, Math.min(rows, from + 19_999)]);
  }
  const fillSeconds = (Date.now() - began) / 1000;
  await dataSource.query('VACUUM ANALYZE job_records').catch(() => undefined);
  const reader = new HistoryReader(dataSource);
  console.log(
    `${rows.toLocaleString('en')} rows on PostgreSQL ${server.version}, ${availableParallelism()} cores, ${cpus()[0]?.model}`,
  );
  console.log(
    `written in ${fillSeconds.toFixed(0)} s, ${Math.round(rows / fillSeconds).toLocaleString('en')} rows/s, all indexes in place`,
  );
  console.log(`${'filter'.padEnd(32)}${'median ms'.padStart(10)}${'worst ms'.padStart(10)}   index`);
  for (const [name, { after, ...filter }] of Object.entries(CASES)) {
    const place = after ? [Date.now() - (rows / 2) * 120, 'queue-1', 'job-1'] : undefined;
    const times = [];
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      await reader.page(filter, 100, place);
      times.push(performance.now() - start);
    }
    const worst = Math.max(...times);
    const median = times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
    if (median > TARGET_MS) slow += 1;
    const plan = await reader.explain(filter, 100, place);
    const index = [
      ...new Set(
        [
          ...plan.matchAll(
            /(?:Index Scan|Index Only Scan|Bitmap Index Scan)[^\n]*? (?:using|on) (job_records_\w+)/g,
          ),
        ].map(([, found]) => found),
      ),
    ];
    const scan = /Seq Scan/.test(plan) ? 'SEQUENTIAL SCAN' : '';
    console.log(
      `${name.padEnd(32)}${median.toFixed(1).padStart(10)}${worst.toFixed(1).padStart(10)}   ${index.join(', ')}${scan}`,
    );
  }
  await database.close();
} finally {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
}
if (slow > 0) {
  console.error(`${slow} pages took more than ${TARGET_MS} ms`);
  process.exitCode = 1;
}
