import { isDatabaseAway } from './database-away.js';
import { DatabaseTimeoutError, DatabaseUnavailableError } from './errors.js';

/**
 * The result of work in the database.
 *
 * @throws {DatabaseUnavailableError} in place of whatever the driver says when it is away;
 * {DatabaseTimeoutError} when a statement took too long; all other errors as they are.
 */
export async function whenAvailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isCutShort(error)) {
      throw new DatabaseTimeoutError('the database needs too long for this: ask for less', { cause: error });
    }
    if (!isDatabaseAway(error)) throw error;
    throw new DatabaseUnavailableError('the database cannot be reached or cannot serve now', {
      cause: error,
    });
  }
}

/** `statement_timeout` has ended it. */
const isCutShort = (error: unknown) =>
  (error as { driverError?: { code?: unknown } } | undefined)?.driverError?.code === '57014';
