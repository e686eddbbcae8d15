import { isDatabaseAway } from './database-away.js';
import { DatabaseUnavailableError } from './errors.js';

/**
 * The result of work in the database.
 *
 * @throws {DatabaseUnavailableError} in place of whatever the driver says when it is away; all other errors as they are.
 */
export async function whenAvailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isDatabaseAway(error)) throw error;
    throw new DatabaseUnavailableError('the database cannot be reached or cannot serve now', {
      cause: error,
    });
  }
}
