import { createHash } from 'node:crypto';
import { bullPriority, type LeavingToType, type PriorityName } from '#libs/contracts';
import type { NewJob } from '../backend/new-job.js';
import { checkJobId, toJson } from '../backend/validate.js';
import { InvalidOptionError } from '../errors/index.js';
import { toPriority } from './job-document.js';

/** A job to create. */
export interface CreateJob {
  /** Chosen by the store when absent. */
  id?: string;
  type: string;
  /** Any JSON value; default an empty object. */
  payload?: unknown;
  /** Default `normal`. */
  priority?: PriorityName | number;
  /** Milliseconds until it may run; default 0, at most 30 days. */
  delay?: number;
  /** How often it may run in all; default: as its type says when a worker claims it, 3 where it does not say or the worker knows no types. */
  attempts?: number;
  /** Wait before a retry, in ms, growing by 2 each time unless `fixed`; default: as its type says, from 2000 where the worker knows no types. */
  backoff?: { type: 'exponential' | 'fixed'; delay: number };
  /** Milliseconds one run may take; default the worker's. */
  timeout?: number;
  /** Name of who creates it; kept with the job. Default: nobody. */
  creator?: string;
  /** Words to find it by; kept with the job. Default: none. */
  tags?: readonly string[];
  /** Id of the task that it was started from. */
  task?: string;
  /** Id of the job it is a copy of. */
  replayOf?: string;
}

const DEFAULT_ATTEMPTS = 3;
const DEFAULT_BACKOFF = { type: 'exponential', delay: 2000 } as const;
const MAX_ATTEMPTS = 1000;
const MAX_TIMEOUT_MS = 7 * 86_400_000;
const KEY_LENGTH = 200;

/** Marks what the caller did not say: a worker that knows the type puts what that says in its place. Each is made once: jobs that share it are of one kind. */
const LEFT_TO_TYPE = {
  both: ['attempts', 'backoff'],
  attempts: ['attempts'],
  backoff: ['backoff'],
} as const satisfies Record<string, NonNullable<LeavingToType['leftToType']>>;

function leavingToType({ attempts, backoff }: Pick<CreateJob, 'attempts' | 'backoff'>): LeavingToType {
  if (attempts !== undefined && backoff !== undefined) return {};
  if (attempts === undefined && backoff === undefined) return { leftToType: LEFT_TO_TYPE.both };
  return { leftToType: attempts === undefined ? LEFT_TO_TYPE.attempts : LEFT_TO_TYPE.backoff };
}

function checkCount(value: unknown, name: string, maximum: number): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > maximum) {
    throw new InvalidOptionError(`${name} must be a whole number from 1 to ${maximum}, not ${String(value)}`);
  }
}

/**
 * The job as the store adds it.
 *
 * @throws {InvalidJobIdError}, {InvalidOptionError}, {InvalidPriorityError}, {InvalidDocumentError} naming what is wrong with it.
 */
export function toNewJob(input: CreateJob, timestamp: number): NewJob {
  if (input.id !== undefined) checkJobId(input.id);
  checkCount(input.attempts, 'attempts', MAX_ATTEMPTS);
  checkCount(input.timeout, 'timeout', MAX_TIMEOUT_MS);
  const priority = toPriority(input.priority);
  const { delay = 0, attempts, backoff, timeout, creator, tags, replayOf, task } = input;
  return {
    id: input.id,
    name: input.type,
    data: toJson(input.payload === undefined ? {} : input.payload, 'payload'),
    opts: {
      attempts: attempts ?? DEFAULT_ATTEMPTS,
      backoff: backoff ?? DEFAULT_BACKOFF,
      ...leavingToType({ attempts, backoff }),
      priority: bullPriority(priority),
      ...(delay > 0 && { delay }),
      ...(timeout && { timeout }),
      ...(creator !== undefined && { creator }),
      ...(tags && tags.length > 0 && { tags }),
      ...(replayOf !== undefined && { replayOf }),
      ...(task !== undefined && { task }),
    },
    timestamp,
    delay,
    priority,
    onExisting: 'reject',
  };
}

/**
 * Id of the job that an idempotency key stands for; keys may hold what ids may not. The same key of another caller, or for another
 * type, stands for another job.
 *
 * @throws {InvalidOptionError} unless the key has 1 to 200 characters.
 */
export function idOfKey(key: string, type: string, creator: string | undefined): string {
  if (key === '' || key.length > KEY_LENGTH) {
    throw new InvalidOptionError(`an idempotency key must have 1 to ${KEY_LENGTH} characters`);
  }
  return `once-${fingerprint(creator === undefined ? [type, key] : [creator, type, key])}`;
}

/** 32 characters that stand for a JSON value. */
export function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 32);
}
