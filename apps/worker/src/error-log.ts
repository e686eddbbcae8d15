import { type Logger } from '@nestjs/common';

const REPEAT_MS = 60_000;
const MAX_REMEMBERED = 200;
const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
const CONNECTION_TEXTS = /^(Connection is closed|Connection is in subscriber mode|LOADING |UNKILLABLE )/;

/**
 * Logs the errors that BullMQ emits: one that repeats at most once a minute, and those of a lost
 * connection not at all, because the worker's own connection has said it.
 */
export class ErrorLog {
  private readonly loggedAt = new Map<string, number>();

  constructor(private readonly logger: Pick<Logger, 'error'>) {}

  report(error: Error): void {
    if (isConnectionError(error)) return;
    const now = Date.now();
    const last = this.loggedAt.get(error.message);
    if (last !== undefined && now - last < REPEAT_MS) return;
    if (this.loggedAt.size >= MAX_REMEMBERED) this.loggedAt.clear();
    this.loggedAt.set(error.message, now);
    this.logger.error(error.message);
  }
}

/** Whether the error only says that Redis cannot be reached at the moment. */
export function isConnectionError(error: Error & { code?: string }): boolean {
  return (
    (error.code !== undefined && CONNECTION_CODES.has(error.code)) || CONNECTION_TEXTS.test(error.message)
  );
}
