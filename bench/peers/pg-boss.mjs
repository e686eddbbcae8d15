import { randomUUID } from 'node:crypto';
import PgBoss from 'pg-boss';
import pg from 'pg';
import { makePayload } from '../lib/payload.mjs';
import { sleep } from '../../scripts/lib/wait.mjs';

const POLL_MS = 2;
const SHORTEST_POLLING_SECONDS = 0.5;

export const peer = {
  settings:
    '`batchSize` is the concurrency; polling as short as it allows (0.5 s), and `notifyWorker()` after each batch, so that no batch waits for the next poll; bulk by `insert`',
  open: async ({ address, queue: name, payload, onError }) => {
    const boss = new PgBoss({ connectionString: address, supervise: false, schedule: false });
    boss.on('error', onError);
    await boss.start();
    await boss.createQueue(name);
    const pool = new pg.Pool({ connectionString: address, max: 1 });
    pool.on('error', onError);
    const dataOf = makePayload(payload);
    const ask = async (sql) => (await pool.query(sql)).rows[0];
    const where = `from pgboss.job where name = '${name}' and state`;
    return {
      addOne: (number) => boss.send(name, dataOf(number)),
      async addBulk(from, count) {
        const jobs = Array.from({ length: count }, (_, place) => ({
          id: randomUUID(), // insert() does not tell the ids it gives
          name,
          data: dataOf(from + place),
        }));
        await boss.insert(jobs);
        return jobs.map(({ id }) => id);
      },
      async startWorker({ concurrency, onRun, onDone }) {
        let worker;
        const options = { batchSize: concurrency, pollingIntervalSeconds: SHORTEST_POLLING_SECONDS };
        const handler = async (jobs) => {
          jobs.forEach(({ data }) => onRun(data.n));
          boss.notifyWorker(worker); // there may be more: fetch again at once
          jobs.forEach(onDone);
        };
        return {
          run: () => void boss.work(name, options, handler).then((id) => (worker = id), onError),
          close: () => boss.offWork(name),
        };
      },
      counts: () =>
        ask(
          `select count(*) filter (where state < 'active')::int as waiting,
                  count(*) filter (where state = 'active')::int as active,
                  count(*) filter (where state = 'completed')::int as completed ${where} is not null`,
        ),
      async drained() {
        while ((await ask(`select exists(select 1 ${where} < 'completed') as left`)).left)
          await sleep(POLL_MS);
      },
      settle: () => pool.query('vacuum analyze pgboss.job'),
      async close() {
        await pool.end();
        await boss.stop({ graceful: false });
      },
    };
  },
};
