import { mkdirSync } from 'node:fs';
import { dataFolder } from './data-folder.js';
import { EmbeddedEngine, type EngineOptions } from './embedded-engine.js';
import { EmbeddedThread } from './embedded-thread.js';
import { DatabaseFolderError } from './errors.js';
import { FolderLock } from './folder-lock.js';
import { PgliteStream } from './pglite-stream.js';
import type { Server } from './server.js';

/** Work that waits for the only connection longer than this fails instead of waiting for itself for ever. */
const WAIT_FOR_CONNECTION_MS = 30_000;

/**
 * Opens the embedded database, PostgreSQL in a thread of this process, in a folder that no other process may use
 * meanwhile; creates it where there is none. A thread that dies breaks the connection; the next one opens the database again.
 *
 * @throws {DatabaseInUseError} when another process has it open.
 * @throws {DatabaseFolderError} when the folder cannot be used.
 */
export async function openEmbedded(folder: string, options: EngineOptions = {}): Promise<Server> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new DatabaseFolderError(folder, error);
  }
  const lock = await FolderLock.take(folder);
  try {
    const engine = await EmbeddedEngine.open(await dataFolder(folder, initialize), options);
    return {
      kind: 'embedded',
      pool: {
        stream: () => new PgliteStream(() => engine.session()),
        user: 'postgres',
        database: 'postgres',
        max: 1,
        idleTimeoutMillis: 0,
        connectionTimeoutMillis: WAIT_FOR_CONNECTION_MS,
      },
      // The lock on the folder keeps others out already.
      alone: (work) => work(),
      close: async () => {
        await engine.close();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw new DatabaseFolderError(folder, (error as Error).cause ?? error);
  }
}

async function initialize(folder: string): Promise<void> {
  const thread = await EmbeddedThread.open(folder);
  await thread.close();
}
