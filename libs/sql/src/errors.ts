import { DroverError } from '#libs/contracts';

/** Another process has the embedded database open; only one may. */
export class DatabaseInUseError extends DroverError {
  readonly code = 'DATABASE_IN_USE';

  /** @param pid process that has it, as that process sees its own id. */
  constructor(
    readonly folder: string,
    readonly pid: number,
  ) {
    super(
      `the embedded database in ${folder} is in use by process ${pid}: stop that one, choose another DATA_DIR, ` +
        'or set DATABASE_URL to a PostgreSQL, which several processes can share',
    );
  }
}

/** The folder of the embedded database cannot be used. */
export class DatabaseFolderError extends DroverError {
  readonly code = 'DATABASE_FOLDER';

  constructor(folder: string, cause: unknown) {
    super(
      `the embedded database cannot use the folder ${folder} (${reasonOf(cause)}): ` +
        'choose another DATA_DIR on a local disk, or set DATABASE_URL to a PostgreSQL',
      { cause },
    );
  }
}

/** The database cannot be reached, or cannot serve now. The text names no address and no credentials. */
export class DatabaseUnavailableError extends DroverError {
  readonly code = 'DATABASE_UNAVAILABLE';
}

/** The thread of the embedded database has died: out of memory, or a bug in it. It is opened again when it is asked next. */
export class EmbeddedDatabaseStoppedError extends DroverError {
  readonly code = 'DATABASE_STOPPED';

  constructor(reason: string, cause?: unknown) {
    super(`the embedded database has stopped: ${reason}`, { cause });
  }
}

/** A statement took longer than it may. */
export class DatabaseTimeoutError extends DroverError {
  readonly code = 'DATABASE_TIMEOUT';
}

/** PostgreSQL refuses for a reason that waiting does not change: a wrong password, no such database. */
export class DatabaseRefusedError extends DroverError {
  readonly code = 'DATABASE_REFUSED';

  constructor(cause: unknown) {
    super(`PostgreSQL refuses the connection that DATABASE_URL names: ${reasonOf(cause)}`, { cause });
  }
}

/** The PostgreSQL is older than Drover works with. */
export class DatabaseTooOldError extends DroverError {
  readonly code = 'DATABASE_TOO_OLD';

  constructor(version: string, needed: number) {
    super(`PostgreSQL ${version} is too old: ${needed} or newer is needed`);
  }
}

/** A migration failed; what it had done is rolled back, and the ones before it stay. */
export class MigrationFailedError extends DroverError {
  readonly code = 'MIGRATION_FAILED';

  constructor(cause: unknown) {
    super(`the database could not be brought up to date: ${reasonOf(cause)}`, { cause });
  }
}

/** The first line of an error's text, or its code where it has no text; of an ErrnoError of PGlite's file system the number. */
export function reasonOf(error: unknown): string {
  const { message = '', code, errno } = error as { message?: string; code?: string; errno?: number };
  return message.split('\n')[0] || code || (errno === undefined ? 'unknown' : `error ${errno}`);
}
