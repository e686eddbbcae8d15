import { randomBytes } from 'node:crypto';
import {
  Queue,
  QueueEvents,
  Worker,
  type Job,
  type Processor,
  type QueueOptions,
  type WorkerOptions,
} from 'bullmq';
import { Redis } from 'ioredis';
import { createBackendFactory, QueueService, Reconciler, type DroverBackend } from '#libs/queue';
import type { QueueServiceOptions, ReconcilerOptions, StoreOptions } from '#libs/queue';
import { testRedisUrl } from '../../../../tests/support/redis.js';
import { waitFor } from '../../../../tests/support/wait.js';
import { endings, everything, keyspace, standing } from './keyspace.js';
import { Legacy } from './legacy.js';
import { Recorder } from './recorder.js';
import { TestLog } from './test-log.js';

export interface StandOptions extends Partial<StoreOptions> {
  url?: string;
  prefix?: string;
  /** Name of the queue; default `jobs`. */
  name?: string;
}

/** A worker and what it did. */
export interface WatchedWorker {
  worker: ReturnType<typeof createWorker>;
  /** Jobs it started to run, in order. */
  ran: Job[];
  ids(): string[];
  errors: Error[];
}

type Factory = ReturnType<typeof createBackendFactory>;

const createQueue = (name: string, options: QueueOptions, factory: Factory) =>
  new Queue(name, options, factory);
const createEvents = (name: string, options: QueueOptions, factory: Factory) =>
  new QueueEvents(name, options, factory);
const createWorker = (name: string, processor: Processor, options: WorkerOptions, factory: Factory) =>
  new Worker(name, processor, options, factory);

interface Closable {
  close(): Promise<unknown>;
}

/** One queue that no other test uses, and every way there is to work with it. */
export class Stand {
  readonly url: string;
  readonly prefix: string;
  readonly name: string;
  readonly redis: Redis;
  readonly legacy: Legacy;
  readonly log = new TestLog();
  private readonly open: Closable[] = [];
  private readonly settings: Partial<StoreOptions>;
  private theService: QueueService | undefined;
  private theQueue: ReturnType<typeof createQueue> | undefined;

  constructor({
    url = testRedisUrl(),
    prefix = randomPrefix(),
    name = 'jobs',
    ...settings
  }: StandOptions = {}) {
    this.url = url;
    this.prefix = prefix;
    this.name = name;
    this.settings = settings;
    this.redis = new Redis(url, { maxRetriesPerRequest: null });
    this.redis.on('error', () => undefined);
    this.legacy = new Legacy(this.redis, this.key);
    this.keep({ close: async () => this.redis.disconnect() });
  }

  /** A key of the queue by its name behind `<prefix>:<queue>:`. */
  key = (name: string): string => this.base + name;

  get base(): string {
    return `${this.prefix}:${this.name}:`;
  }

  get service(): QueueService {
    this.theService ??= this.newService();
    return this.theService;
  }

  get backend(): DroverBackend {
    return this.service.backend;
  }

  get queue(): ReturnType<typeof createQueue> {
    this.theQueue ??= this.newQueue();
    return this.theQueue;
  }

  newService(options: QueueServiceOptions = {}): QueueService {
    return this.keep(new QueueService({ ...this.serviceOptions(), ...options }));
  }

  newQueue(options: Partial<QueueOptions> = {}): ReturnType<typeof createQueue> {
    const queue = createQueue(this.name, { ...this.bullOptions(), ...options }, this.factory());
    queue.on('error', () => undefined);
    return this.keep(queue);
  }

  newEvents(): ReturnType<typeof createEvents> {
    const events = createEvents(this.name, this.bullOptions(), this.factory());
    events.on('error', () => undefined);
    return this.keep(events);
  }

  /** A worker whose jobs succeed with `{ ran: <id> }` unless told otherwise. */
  newWorker(
    handler: Processor = async (job) => ({ ran: job.id }),
    options: Partial<WorkerOptions> = {},
  ): WatchedWorker {
    const ran: Job[] = [];
    const errors: Error[] = [];
    const processor: Processor = async (job, token, signal) => {
      ran.push(job);
      return handler(job, token, signal);
    };
    const defaults = { lockDuration: 5000, stalledInterval: 500, drainDelay: 1, runRetryDelay: 100 };
    const worker = createWorker(
      this.name,
      processor,
      { ...this.bullOptions(), ...defaults, ...options },
      this.factory(),
    );
    worker.on('error', (error) => errors.push(error));
    this.keep({ close: () => worker.close(true) });
    return { worker, ran, errors, ids: () => ran.map((job) => String(job.id)) };
  }

  newReconciler(options: ReconcilerOptions = {}): Reconciler {
    return this.keep(new Reconciler({ ...this.serviceOptions(), intervalSeconds: 0.2, ...options }));
  }

  /** Starts to record the messages on `<p>updates` (or another of the queue's channels). */
  async record(channel = 'updates'): Promise<Recorder> {
    const recorder = this.keep(new Recorder(this.url, this.key(channel), this.redis));
    await recorder.ready;
    return recorder;
  }

  keyspace() {
    return keyspace(this.redis, this.base);
  }
  endings() {
    return endings(this.redis, this.base);
  }
  everything() {
    return everything(this.redis, this.base);
  }
  standing(id: string) {
    return standing(this.redis, this.base, id);
  }
  status(id: string) {
    return this.redis.get(this.key(`status:${id}`));
  }
  queued() {
    return this.redis.zrange(this.key('queue'), 0, -1);
  }

  /** The queue's event stream: `[event, fields]`, oldest first. */
  async events(): Promise<Record<string, string>[]> {
    return ((await this.keyspace())['events'] ?? []) as Record<string, string>[];
  }

  /** Lets the lease of a running job end now: its runner has been silent for too long. */
  async endLease(id: string): Promise<void> {
    await this.redis.zadd(this.key('leases'), 'XX', 1, id);
  }

  /** Lets an hour pass for Redis: what ends within it, ends. */
  async passAnHour(): Promise<void> {
    const ends = Object.entries(await this.endings()).filter(([, at]) => at <= Date.now() + 3_600_000);
    const keys = ends.map(([name]) => this.key(name));
    for (const key of keys) await this.redis.pexpire(key, 1);
    if (keys.length === 0) return;
    await waitFor(async () => (await this.redis.exists(...keys)) === 0, { what: 'the keys to end' });
  }

  /**
   * Looks after the queue once, without waiting for a job that may only be on its way. One pass looks at
   * some 10,000 keys of Redis for jobs nobody ever saw: other specs may have left more than that.
   */
  async pass(options: { maxStalls?: number; graceMs?: number } = {}): Promise<string[]> {
    const back: string[] = [];
    const passes = 1 + Math.floor((await this.redis.dbsize()) / 8000);
    for (let nth = 0; nth < passes; nth++) {
      back.push(...(await this.backend.reconciling.pass({ maxStalls: 10, graceMs: 0, ...options })));
    }
    return back;
  }

  /** Claims the next job as a worker does. @returns its id, undefined when there is none. */
  async claim(token = 'token', leaseMs = 30_000): Promise<string | undefined> {
    const [job, id] = await this.backend.running.claim(token, undefined, leaseMs);
    return job ? id : undefined;
  }

  /** Claims jobs until there are none. @returns their ids in order. */
  async claimAll(): Promise<string[]> {
    const ids: string[] = [];
    for (let id = await this.claim(); id !== undefined; id = await this.claim()) ids.push(id);
    return ids;
  }

  /** Lets legacy pop jobs until there are none. @returns their ids in order. */
  async popAll(): Promise<string[]> {
    const ids: string[] = [];
    for (let job = await this.legacy.dequeue(); job; job = await this.legacy.dequeue()) ids.push(job.id);
    return ids;
  }

  keep<T extends Closable>(one: T): T {
    this.open.push(one);
    return one;
  }

  async close(): Promise<void> {
    const errors: unknown[] = [];
    // The Redis of all specs stays small; one of a spec's own may be away.
    if (this.url === testRedisUrl()) await this.removeKeys();
    for (const one of this.open.splice(0).reverse()) {
      await one.close().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
  }

  private async removeKeys(): Promise<void> {
    const keys = await this.redis.keys(`${this.prefix}:*`);
    for (let from = 0; from < keys.length; from += 1000)
      await this.redis.unlink(keys.slice(from, from + 1000));
  }

  factory() {
    return createBackendFactory(this.settings);
  }

  serviceOptions(): QueueServiceOptions {
    return { redisUrl: this.url, prefix: this.prefix, queue: this.name, logger: this.log, ...this.settings };
  }

  bullOptions() {
    return { connection: { url: this.url }, prefix: this.prefix };
  }
}

const randomPrefix = () => `t${randomBytes(6).toString('hex')}`;

/** Gives every test a queue of its own, and closes all that used it afterwards. */
export function useStand(defaults: StandOptions = {}): (options?: StandOptions) => Stand {
  const stands: Stand[] = [];
  afterEach(async () => {
    await Promise.all(stands.splice(0).map((stand) => stand.close()));
  });
  return (options = {}) => {
    const stand = new Stand({ ...defaults, ...options });
    stands.push(stand);
    return stand;
  };
}
