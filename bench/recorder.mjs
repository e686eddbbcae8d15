// npm run bench:recorder [-- --jobs <n> --rate <jobs/s> --seconds <n> --only embedded|postgres --root <another checkout>]
// How fast one recorder is, how far behind it is at a steady rate, and what that costs whoever asks the API meanwhile.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runMain } from '../scripts/lib/main.mjs';
import { findPostgres, startPostgresServer } from '../scripts/lib/postgres.mjs';
import { root as ROOT } from '../scripts/lib/paths.mjs';
import { atEnd, endAll, endOnSignals } from './lib/ending.mjs';
import { startRedis } from './lib/redis.mjs';
import { quantile } from './lib/statistics.mjs';
import { Api } from './recorder/api.mjs';

const LOAD = fileURLToPath(new URL('recorder/load.mjs', import.meta.url));
const ASK_EVERY_MS = 20;
const OPTIONS = {
  jobs: { type: 'string', default: '30000' },
  rate: { type: 'string', default: '1000' },
  seconds: { type: 'string', default: '60' },
  only: { type: 'string' },
  root: { type: 'string', default: ROOT },
};

await runMain(async () => {
  const { values } = parseArgs({ options: OPTIONS });
  const options = { ...values, jobs: +values.jobs, rate: +values.rate, seconds: +values.seconds };
  endOnSignals();
  try {
    await measure(options);
  } finally {
    await endAll();
  }
});

async function measure(options) {
  const redis = await startRedis();
  console.log(`${redis.description}, ${availableParallelism()} cores, ${cpus()[0]?.model}`);
  for (const kind of ['embedded', 'postgres']) {
    if (options.only !== undefined && options.only !== kind) continue;
    const database = await prepare(kind);
    if (database === undefined) {
      console.log('PostgreSQL was not found');
      continue;
    }
    await backlog(options, redis, database);
    await steady(options, redis, database);
    await database.end();
  }
}

/** A folder for the embedded database, or a PostgreSQL that waits for its disk as one usually does. */
async function prepare(kind) {
  const dir = mkdtempSync(join(tmpdir(), 'drover-bench-recorder-'));
  const removed = atEnd(() => rmSync(dir, { recursive: true, force: true }));
  if (kind === 'embedded') {
    return { kind, settings: (name) => ({ DATABASE_URL: '', DATA_DIR: join(dir, name) }), end: removed };
  }
  const folder = findPostgres();
  if (!folder) return undefined;
  const server = await startPostgresServer({ folder, dir, user: 'bench', settings: {} });
  const stopped = atEnd(() => server.stop());
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: `${server.url}/postgres` });
  await client.connect();
  for (const name of ['backlog', 'steady']) await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  return {
    kind,
    settings: (name) => ({ DATABASE_URL: `${server.url}/${name}`, DATA_DIR: dir }),
    end: async () => {
      await stopped();
      removed();
    },
  };
}

/** Jobs that ran while no API did, read as fast as it goes. */
async function backlog({ root, jobs }, redis, { kind, settings }) {
  await redis.reset();
  const environment = { REDIS_URL: redis.address, QUEUE_PREFIX: 'bench', ...settings('backlog') };
  const before = await Api.start(root, environment);
  // One job makes the stream, and the group on it.
  await load(root, redis, 1, 0);
  await untilRecorded(before, 1);
  await before.stop();
  await load(root, redis, jobs, 0);
  const redisBefore = await redis.cpu();
  const api = await Api.start(root, environment);
  const start = { at: performance.now(), ...(await api.report()) };
  await untilRecorded(api, jobs + 1);
  const seconds = (performance.now() - start.at) / 1000;
  const { cpuMs, rss } = await api.report();
  const perJob = (us) => Math.round(us / jobs);
  console.log(
    `${kind}, backlog of ${jobs} jobs: ${Math.round(jobs / seconds)} jobs/s; CPU per job: API ` +
      `${perJob((cpuMs - start.cpuMs) * 1000)} us, Redis ${perJob((await redis.cpu()) - redisBefore)} us; ` +
      `API ${megabytes(rss)} MB`,
  );
  await api.stop();
}

/** Jobs that are added and completed at a steady rate, while somebody asks for the API's health. */
async function steady({ root, rate, seconds }, redis, { kind, settings }) {
  await redis.reset();
  const environment = { REDIS_URL: redis.address, QUEUE_PREFIX: 'bench', ...settings('steady') };
  const api = await Api.start(root, environment);
  await load(root, redis, 200, 0);
  await untilRecorded(api, 200);
  const { rss: idle } = await api.report();
  api.reset();
  const start = await api.report();
  const asking = new AbortController();
  const asked = askForHealth(api, asking.signal);
  const jobs = rate * seconds;
  const { seconds: took } = await load(root, redis, jobs, rate);
  asking.abort();
  const { times, lags, refused } = await asked;
  const { loop, cpuMs, rss } = await api.report();
  const left = performance.now();
  await untilRecorded(api, jobs + 200);
  const behind = performance.now() - left;
  await api.stop();
  const lag = await lagOfRows(root, environment);
  const ms = (value) => Math.round(value * 10) / 10;
  console.log(
    `${kind}, ${Math.round(jobs / took)} jobs/s for ${Math.round(took)} s: a row follows its job's end by ${lag}; all were there ` +
      `${Math.round(behind)} ms after the last end; lagMs of health up to ${Math.max(...lags)}\n` +
      `  GET /api/health: p50 ${ms(quantile(times, 0.5))} ms, p99 ${ms(quantile(times, 0.99))} ms, ${refused} of ${times.length} refused; event loop's delay: ` +
      `p50 ${ms(loop.p50)} ms, p99 ${ms(loop.p99)} ms, max ${ms(loop.max)} ms\n` +
      `  API: ${Math.round((cpuMs - start.cpuMs) / took / 10)} % of a core, ${megabytes(idle)} MB before, ${megabytes(rss)} MB after`,
  );
}

async function load(root, redis, jobs, rate) {
  const child = spawn(process.execPath, [LOAD, root, redis.address, 'bench', String(jobs), String(rate)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const done = atEnd(() => child.kill('SIGKILL'));
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  done();
  return JSON.parse(said);
}

async function untilRecorded(api, jobs) {
  for (;;) {
    const { count } = await api.get('/api/history/count?status=completed');
    if (count >= jobs) return;
    await sleep(50);
  }
}

async function askForHealth(api, signal) {
  const times = [];
  const lags = [];
  let refused = 0;
  while (!signal.aborted) {
    const start = performance.now();
    const { history } = await api.get('/api/health').catch(() => ({}));
    times.push(performance.now() - start);
    if (history) lags.push(history.lagMs);
    else refused += 1;
    await sleep(ASK_EVERY_MS);
  }
  return { times, lags, refused };
}

/** Asks the database itself, when the API has left it. */
async function lagOfRows(root, { DATABASE_URL, DATA_DIR }) {
  const { openDatabase } = await import(`${root}/dist/libs/sql/src/index.js`);
  const database = await openDatabase({
    url: DATABASE_URL || undefined,
    folder: join(DATA_DIR, 'sql'),
    parts: [],
  });
  const [row] = await database.dataSource.query(
    `SELECT percentile_cont(ARRAY[0.5, 0.99, 1]) WITHIN GROUP
       (ORDER BY extract(epoch FROM recorded_at - finished_at) * 1000) AS ms FROM job_records`,
  );
  await database.close();
  const [p50, p99, max] = row.ms.map(Math.round);
  return `p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`;
}

function megabytes(bytes) {
  return Math.round(bytes / 1024 / 1024);
}
