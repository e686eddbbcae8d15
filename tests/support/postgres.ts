import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';

const offer = Number(process.env['TEST_POSTGRES_OFFER'] || 0);

/** Whether there is a PostgreSQL for tests on this machine. */
export const hasPostgres = offer > 0;

let serverUrl: Promise<string> | undefined;

/** URL of the run's PostgreSQL, without a database. It is started when it is first asked for. */
function postgresUrl(): Promise<string> {
  serverUrl ??= text(createConnection(offer, '127.0.0.1')).then((answer) => {
    if (!answer.startsWith('postgres://')) throw new Error(`no PostgreSQL: ${answer}`);
    return answer;
  });
  return serverUrl;
}

/** An empty database of one spec. */
export interface TestDatabase {
  /** What `openDatabase` takes, without the parts. */
  readonly options: { url?: string; folder: string };
  /** The same as settings of a process. */
  readonly settings: Record<string, string>;
  /** Deletes it, whoever is still connected. */
  remove(): Promise<void>;
}

/** A new database on the run's PostgreSQL. */
export async function createPostgresDatabase(): Promise<TestDatabase> {
  const url = await postgresUrl();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(url, `CREATE DATABASE ${name}`);
  const folder = mkdtempSync(join(tmpdir(), 'drover-test-data-'));
  return {
    options: { url: `${url}/${name}`, folder },
    settings: { DATABASE_URL: `${url}/${name}`, DATA_DIR: folder },
    remove: async () => {
      rmSync(folder, { recursive: true, force: true });
      await asAdmin(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

/** A new folder for the embedded database. */
export async function createEmbeddedDatabase(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'drover-test-data-'));
  return {
    options: { folder: join(folder, 'sql') },
    settings: { DATABASE_URL: '', DATA_DIR: folder },
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A database for a spec to which it does not matter which: the quicker one where it is there. */
export const createTestDatabase = (): Promise<TestDatabase> =>
  hasPostgres ? createPostgresDatabase() : createEmbeddedDatabase();

/**
 * Runs a suite once on the embedded database and once on PostgreSQL, where its tests are reported as skipped
 * if there is none.
 *
 * @param suite gets a function that makes an empty database; each is deleted after all its tests.
 */
export function describeOnDatabases(
  name: string,
  suite: (create: () => Promise<TestDatabase>) => void,
): void {
  // Not by console, whose lines Jest leaves out for a file that is skipped as a whole.
  if (!hasPostgres) process.stderr.write(`SKIPPED: "${name}" on PostgreSQL, which was not found\n`);
  const kinds = [
    { database: 'PGlite', describeIt: describe, create: createEmbeddedDatabase },
    {
      database: 'PostgreSQL',
      describeIt: hasPostgres ? describe : describe['skip'],
      create: createPostgresDatabase,
    },
  ];
  for (const { database, describeIt, create } of kinds) {
    describeIt(`${name} on ${database}`, () => {
      const made: TestDatabase[] = [];
      suite(async () => {
        const one = await create();
        made.push(one);
        return one;
      });
      afterAll(async () => {
        for (const one of made.splice(0)) await one.remove();
      });
    });
  }
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: `${url}/postgres` });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
