import { setTimeout as sleep } from 'node:timers/promises';
import pg, { type Client } from 'pg';
import { isDatabaseAway } from './database-away.js';
import { DatabaseRefusedError, DatabaseTooOldError, DatabaseUnavailableError, reasonOf } from './errors.js';
import type { Server } from './server.js';

const OLDEST = 13;
const CONNECT_MS = 5000;
const STATEMENT_MS = 30_000;
/** Connections of one process. */
const CONNECTIONS = 10;

/** Another process may be busy with migrations of large tables. */
const LOCK_WAIT_MS = 10 * 60_000;
/** Key of the advisory lock for migrations: "drover" in ASCII. */
const MIGRATION_LOCK = '110442659079538';

/**
 * Waits until the PostgreSQL of this address answers.
 *
 * @param patienceMs for how long one that is away or starting is waited for.
 * @throws {DatabaseUnavailableError} when it does not answer within that time.
 * @throws {DatabaseRefusedError} at once, when it refuses for good.
 * @throws {DatabaseTooOldError}
 */
export async function openPostgres(url: string, patienceMs: number): Promise<Server> {
  const settings = { connectionString: url, connectionTimeoutMillis: CONNECT_MS, application_name: 'drover' };
  const first = await connectPatiently(() => new pg.Client(settings), patienceMs);
  await assertNewEnough(first).finally(() => first.end());
  return {
    kind: 'postgres',
    pool: {
      ...settings,
      max: CONNECTIONS,
      statement_timeout: STATEMENT_MS,
      keepAlive: true,
      allowExitOnIdle: true,
    },
    alone: (work) => underLock(new pg.Client(settings), work),
    close: async () => undefined,
  };
}

async function connectPatiently(create: () => Client, patienceMs: number): Promise<Client> {
  const until = Date.now() + patienceMs;
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 2000)) {
    const client = create();
    try {
      // Without a listener a connection that breaks later would end the process.
      client.on('error', () => undefined);
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (!isDatabaseAway(error)) throw new DatabaseRefusedError(error);
      if (Date.now() + waitMs > until) {
        throw new DatabaseUnavailableError(
          `the PostgreSQL that DATABASE_URL names did not answer for ${patienceMs / 1000} s: ${reasonOf(error)}`,
          { cause: error },
        );
      }
      await sleep(waitMs);
    }
  }
}

async function assertNewEnough(client: Client): Promise<void> {
  const { rows } = await client.query<{ number: number; text: string }>(
    `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS text`,
  );
  const [version] = rows;
  if (!version || version.number < OLDEST * 10_000)
    throw new DatabaseTooOldError(version?.text ?? '', OLDEST);
}

/** The lock belongs to a connection of its own, so it ends with the process. */
async function underLock<T>(client: Client, work: () => Promise<T>): Promise<T> {
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`SET lock_timeout = ${LOCK_WAIT_MS}`);
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await work();
  } finally {
    await client.end();
  }
}
