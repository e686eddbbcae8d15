import { mkdirSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { dataFolder } from './data-folder.js';
import { DatabaseFolderError } from './errors.js';
import { FolderLock } from './folder-lock.js';
import { PgliteStream } from './pglite-stream.js';
import type { Server } from './server.js';

/** Work that waits for the only connection longer than this fails instead of waiting for itself for ever. */
const WAIT_FOR_CONNECTION_MS = 30_000;

/**
 * Opens the embedded database, PostgreSQL inside this process, in a folder that no other process may use
 * meanwhile; creates it where there is none.
 *
 * @throws {DatabaseInUseError} when another process has it open.
 * @throws {DatabaseFolderError} when the folder cannot be used.
 */
export async function openEmbedded(folder: string): Promise<Server> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new DatabaseFolderError(folder, error);
  }
  const lock = await FolderLock.take(folder);
  try {
    const database = await PGlite.create(await dataFolder(folder, initialize));
    return {
      kind: 'embedded',
      pool: {
        stream: () => new PgliteStream(database),
        user: 'postgres',
        database: 'postgres',
        max: 1,
        idleTimeoutMillis: 0,
        connectionTimeoutMillis: WAIT_FOR_CONNECTION_MS,
      },
      // The lock on the folder keeps others out already.
      alone: (work) => work(),
      close: async () => {
        await database.close();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw new DatabaseFolderError(folder, error);
  }
}

async function initialize(folder: string): Promise<void> {
  const database = await PGlite.create(folder);
  await database.close();
}
