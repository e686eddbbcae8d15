import pg from 'pg';
import { DataSource, type Logger } from 'typeorm';
import { Database, type DatabasePart } from './database.js';
import { openEmbedded } from './embedded.js';
import { MigrationFailedError } from './errors.js';
import { openPostgres } from './postgres.js';
import type { Server } from './server.js';

const PATIENCE_MS = 30_000;

/** What goes wrong is thrown; TypeORM would write it to the console, too, with the values of parameters. */
const SILENT: Logger = {
  logQuery: () => undefined,
  logQueryError: () => undefined,
  logQuerySlow: () => undefined,
  logSchemaBuild: () => undefined,
  logMigration: () => undefined,
  log: () => undefined,
};

/** Where the database is, and what is kept in it. */
export interface DatabaseOptions {
  /** Address of a PostgreSQL, `postgres://...`. Without it: the embedded one. */
  url?: string | undefined;
  /** Folder of the embedded database; unused with `url`. */
  folder: string;
  parts: readonly DatabasePart[];
  /** Milliseconds to wait for a PostgreSQL that is away. Default: 30 s. */
  patienceMs?: number;
  /** Told when the embedded one stopped, and when it could be opened again. */
  onTrouble?: (text: string) => void;
}

/**
 * Opens the database and brings it up to date. Several processes may do so at once: one migrates, the others wait for it.
 *
 * @throws {DatabaseInUseError} when another process has the embedded one open.
 * @throws {DatabaseFolderError} when its folder cannot be used.
 * @throws {DatabaseUnavailableError} when PostgreSQL does not answer in time.
 * @throws {DatabaseRefusedError} when it refuses: a wrong password, no such database.
 * @throws {DatabaseTooOldError} when it is older than 13.
 * @throws {MigrationFailedError} when it could not be brought up to date.
 */
export async function openDatabase({
  url,
  folder,
  parts,
  patienceMs = PATIENCE_MS,
  onTrouble,
}: DatabaseOptions): Promise<Database> {
  const server =
    url === undefined ? await openEmbedded(folder, { onTrouble }) : await openPostgres(url, patienceMs);
  const dataSource = createDataSource(server, parts);
  const database = new Database(dataSource, server);
  try {
    await dataSource.initialize();
    await server.alone(() => migrate(dataSource));
    return database;
  } catch (error) {
    if (dataSource.isInitialized) await database.close();
    else await server.close();
    throw error;
  }
}

function createDataSource(server: Server, parts: readonly DatabasePart[]): DataSource {
  return new DataSource({
    type: 'postgres',
    driver: pg,
    extra: server.pool,
    entities: parts.flatMap(({ entities }) => [...entities]),
    migrations: parts.flatMap(({ migrations }) => [...migrations]),
    migrationsTableName: 'drover_migrations',
    migrationsTransactionMode: 'each',
    installExtensions: false,
    synchronize: false,
    logger: SILENT,
  });
}

async function migrate(dataSource: DataSource): Promise<void> {
  try {
    await dataSource.runMigrations();
  } catch (error) {
    throw new MigrationFailedError(error);
  }
}
