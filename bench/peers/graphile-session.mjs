import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { makePayload } from '../lib/payload.mjs';
import { sleep } from '../../scripts/lib/wait.mjs';

const TASK = 'job';
const JOBS = 'graphile_worker._private_jobs';
const POLL_MS = 2;
const silent = new Logger(() => () => {});

/**
 * A session of graphile-worker.
 * @param workerSettings settings of a worker of this concurrency
 */
export async function openGraphile({ address, payload, onError }, workerSettings) {
  const pool = new pg.Pool({ connectionString: address });
  pool.on('error', onError);
  pool.on('connect', (client) => client.on('error', onError));
  const utils = await makeWorkerUtils({ pgPool: pool, logger: silent });
  await utils.migrate();
  const dataOf = makePayload(payload);
  const ask = async (sql) => (await pool.query(sql)).rows[0];
  return {
    addOne: async (number) => (await utils.addJob(TASK, dataOf(number))).id,
    async addBulk(from, count) {
      const specs = Array.from({ length: count }, (_, place) => ({
        identifier: TASK,
        payload: dataOf(from + place),
      }));
      return (await utils.addJobs(specs)).map(({ id }) => id);
    },
    startWorker: (part) => startWorker(address, workerSettings(part.concurrency), { ...part, onError }),
    async counts() {
      const sql = `select count(*) filter (where locked_at is null)::int as waiting, count(locked_at)::int as active`;
      return ask(`${sql} from ${JOBS}`); // a finished job is deleted
    },
    async drained() {
      while ((await ask(`select exists(select 1 from ${JOBS}) as left`)).left) await sleep(POLL_MS);
    },
    settle: () => pool.query(`vacuum analyze ${JOBS}`),
    async close() {
      await utils.release();
      await pool.end();
    },
  };
}

function startWorker(address, settings, { onRun, onDone, onError }) {
  let runner;
  const taskList = {
    [TASK]: async ({ n }) => {
      onRun(n);
      onDone();
    },
  };
  const preset = { worker: { connectionString: address, logger: silent, ...settings } };
  const start = async () => {
    runner = await run({ preset, taskList, noHandleSignals: true });
    runner.events.on('job:error', ({ error }) => onError(error));
    runner.promise.catch(onError);
  };
  let started;
  return {
    run: () => (started = start().catch(onError)),
    async close() {
      await started;
      await runner.stop();
    },
  };
}
