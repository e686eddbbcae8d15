/** Codes of Node's socket errors that mean: Redis cannot be reached. */
const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** First words of Redis's own errors that mean: not now. */
const REPLY =
  /^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY|OOM|MISCONF|BUSY|NOREPLICAS|NOAUTH|WRONGPASS)\b/;

/** What ioredis says when it gives up (it has no codes for these). */
const IOREDIS_TEXT = /^(Connection is closed\.|Stream isn't writeable|Command timed out)/;

/** Whether an error of a Redis client means that Redis cannot serve now, rather than that the request is wrong. */
export function isRedisDown(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'MaxRetriesPerRequestError' || IOREDIS_TEXT.test(error.message)) return true;
  if ('code' in error && typeof error.code === 'string' && SOCKET_CODES.has(error.code)) return true;
  return error.name === 'ReplyError' && REPLY.test(error.message);
}
