import type { KeysMap } from 'bullmq';
import { InvalidQueueNameError } from '../errors/index.js';

/** Prefix of every key when none is given: what existing Go services use. */
export const DEFAULT_PREFIX = 'botrix';

/** Names of a queue's keys behind its base, as far as TypeScript touches them; `context.lua` has them all. */
export const KEY_TYPES = {
  queue: 'zset',
  processing: 'set',
  ids: 'zset',
  delayed: 'zset',
  'waiting-children': 'zset',
  leases: 'zset',
  runs: 'hash',
  plain: 'hash',
  completed: 'zset',
  failed: 'zset',
  dead: 'zset',
  cancelled: 'zset',
  expiring: 'zset',
  awaited: 'set',
  missing: 'zset',
  meta: 'hash',
  events: 'stream',
  wakeup: 'zset',
  arrivals: 'zset',
  schedulers: 'zset',
  counter: 'string',
  limiter: 'string',
  slots: 'hash',
  'slot-counts': 'hash',
  parked: 'zset',
  'parked-of': 'hash',
  'parked-types': 'set',
  'parked-asked': 'set',
  batches: 'zset',
  'batches-open': 'set',
  'metrics:completed': 'hash',
  'metrics:completed:data': 'zset',
  'metrics:failed': 'hash',
  'metrics:failed:data': 'zset',
} as const;

/** Types of a job's own keys, by the name before its id. */
export const JOB_KEY_TYPES = {
  status: 'string',
  data: 'string',
  results: 'string',
  job: 'hash',
  logs: 'list',
  pending: 'set',
  processed: 'hash',
  ignored: 'hash',
  unsuccessful: 'zset',
} as const;

/** Type of a job scheduler's own key, by the name before its id. */
export const SCHEDULER_KEY_TYPES = { scheduler: 'hash' } as const;

/**
 * The keys of one queue. All share the base `<prefix>:<queue>:`; with a hash-tagged prefix (`{botrix}`)
 * they share a cluster slot.
 */
export class QueueKeys {
  readonly qualifiedName: string;
  readonly base: string;

  /** @throws {InvalidQueueNameError} for a name or prefix that would make keys ambiguous. */
  constructor(
    readonly prefix: string,
    readonly queue: string,
  ) {
    // A FlowProducer's own backend has no queue; the ones it derives do.
    if (queue === 'worker' || /[ :{}]/.test(queue)) {
      throw new InvalidQueueNameError(
        `queue name ${JSON.stringify(queue)} must be one word without ":", braces or spaces, and not "worker"`,
      );
    }
    if (!/^[^\s]+$/u.test(prefix)) {
      throw new InvalidQueueNameError(
        `prefix ${JSON.stringify(prefix)} must not be empty nor contain spaces`,
      );
    }
    this.qualifiedName = `${prefix}:${queue}`;
    this.base = `${this.qualifiedName}:`;
  }

  key(name: string): string {
    return this.base + name;
  }

  status = (id: string) => `${this.base}status:${id}`;
  data = (id: string) => `${this.base}data:${id}`;
  result = (id: string) => `${this.base}results:${id}`;
  job = (id: string) => `${this.base}job:${id}`;
  logs = (id: string) => `${this.base}logs:${id}`;
  /** Of a job with children: keys of those it waits for, results, tolerated failures, failures that fail it. */
  pending = (id: string) => `${this.base}pending:${id}`;
  processed = (id: string) => `${this.base}processed:${id}`;
  ignored = (id: string) => `${this.base}ignored:${id}`;
  unsuccessful = (id: string) => `${this.base}unsuccessful:${id}`;
  /** Id of the job that holds a deduplication id. */
  deduplication = (deduplicationId: string) => `${this.base}deduplication:${deduplicationId}`;
  scheduler = (id: string) => `${this.base}scheduler:${id}`;

  get updates(): string {
    return this.key('updates');
  }

  /** Channel on which the id of a cancelled job is published for the worker that runs it. */
  get cancels(): string {
    return this.key('cancel');
  }

  /** The map BullMQ's classes show; only identity matters to them, the store spells its own keys. */
  get map(): KeysMap {
    return Object.fromEntries(['', ...Object.keys(KEY_TYPES)].map((name) => [name, this.key(name)]));
  }
}
