import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { InvalidSettingsError, type Settings } from '#libs/contracts';

/** Who this worker is and how it is set. */
export interface WorkerIdentity {
  /** Unique among the workers of a prefix; part of its heartbeat's key. */
  readonly id: string;
  readonly version: string;
  readonly settings: Settings;
}

/** Injection token of the {@link WorkerIdentity}. */
export const WORKER_IDENTITY = Symbol('drover:worker-identity');

/** Redis takes no spaces in the name of a connection, and the id is part of one. */
const USABLE_ID = /^[\x21-\x7e]{1,200}$/;

/**
 * The worker's id: `WORKER_ID` of the environment, else one nobody else has, readable in lists
 * (`<host>:<pid>:<random>`).
 *
 * @throws {InvalidSettingsError} when `WORKER_ID` cannot be one.
 */
export function workerId(env: Record<string, string | undefined>): string {
  const given = env['WORKER_ID'];
  if (!given) return `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`;
  if (USABLE_ID.test(given)) return given;
  throw new InvalidSettingsError([
    `WORKER_ID: must be 1 to 200 printable ASCII characters without spaces (got ${JSON.stringify(given)})`,
  ]);
}
