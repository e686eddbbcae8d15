/** SQLSTATE classes and codes that pass: connection exceptions, no resources, the server stops or starts. */
const PASSING_STATES = /^(08|53|57P0[1-5])/;

const PASSING_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'DATABASE_STOPPED', // the embedded one, which is opened again
  'ENOENT', // a unix socket that is not there yet
]);

/** What `pg` says without a code. */
const PASSING_TEXT =
  /^(timeout e|Connection terminated|Client has encountered a connection error)|Query read timeout/;

/** What there is to look at in an error of the driver, of TypeORM, or of Node's sockets. */
interface ErrorFacts {
  code?: unknown;
  message?: unknown;
  /** The driver's error in TypeORM's. */
  driverError?: unknown;
  /** Those of all addresses that a name has. */
  errors?: unknown;
}

/**
 * Whether an error means that the database cannot be reached or cannot serve at the moment, rather than
 * that the statement is wrong. The same work may succeed later.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message, driverError, errors }: ErrorFacts = error;
  if (driverError !== undefined && driverError !== error) return isDatabaseAway(driverError);
  if (typeof code === 'string' && (PASSING_CODES.has(code) || PASSING_STATES.test(code))) return true;
  if (Array.isArray(errors) && errors.length > 0) return errors.every(isDatabaseAway);
  return typeof message === 'string' && PASSING_TEXT.test(message);
}
