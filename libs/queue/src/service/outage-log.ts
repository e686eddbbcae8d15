import type { QueueLogger } from './logger.js';

interface Source {
  on(event: 'error' | 'ready', listener: (error: Error) => void): unknown;
}

/**
 * Says once that Redis went away and once that it is back, however often the client reports it.
 * Errors that are not about the connection are written as they come.
 */
export function logOutages(source: Source, logger: QueueLogger): void {
  let away = false;
  source.on('error', (error) => {
    if (!isConnectionTrouble(error)) {
      logger.error(error.message);
      return;
    }
    if (!away) logger.warn(`Redis is away (${describe(error)}); waiting for it`);
    away = true;
  });
  source.on('ready', () => {
    if (away) logger.log('Redis is back');
    away = false;
  });
}

const TROUBLE =
  /ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|Connection is closed|LOADING/;

export function isConnectionTrouble(error: Error & { code?: string }): boolean {
  return TROUBLE.test(error.code ?? '') || TROUBLE.test(error.message) || error.name === 'AggregateError';
}

function describe(error: Error & { code?: string }): string {
  return error.message || error.code || error.name;
}
