import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Settings } from '#libs/contracts';

/** Who this worker is and how it is set. */
export interface WorkerIdentity {
  /** Unique among the workers of a prefix; part of its heartbeat's key. */
  readonly id: string;
  readonly version: string;
  readonly settings: Settings;
}

/** Injection token of the {@link WorkerIdentity}. */
export const WORKER_IDENTITY = Symbol('drover:worker-identity');

/** The worker's id: `WORKER_ID`, else one nobody else has, readable in lists (`<host>:<pid>:<random>`). */
export function workerId(settings: Settings): string {
  return settings.WORKER_ID ?? `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`;
}
