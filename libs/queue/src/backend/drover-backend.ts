import type { BackendFactory, IQueueBackend, KeysMap, QueueBaseOptions, WorkerOptions } from 'bullmq';
import { whileAnswering } from './answering.js';
import { Connection } from './connection.js';
import { DEFAULT_PREFIX, QueueKeys } from './keys.js';
import { checkWorkerLimits } from './limits.js';
import { QueueOperations } from './queue-operations.js';
import { resolveStoreOptions, type StoreOptions } from './store-options.js';
import { Waiting } from './waiting.js';

type BackendFlags = Parameters<BackendFactory>[2];

/**
 * The store of one queue: jobs in the contract that Go services read and write, behind BullMQ's own classes.
 * Handed to them through {@link createBackend}; several queues may share its connection ({@link forQueue}).
 */
export class DroverBackend extends QueueOperations implements IQueueBackend {
  readonly minimumBlockTimeout = 0.001;
  readonly maximumBlockTimeout = 10;
  readonly name: string;
  readonly qualifiedName: string;
  readonly keys: KeysMap;
  private readonly waiting: Waiting | undefined;
  /** A promise that is resolved, once all that has to be ready is. */
  private ready: Promise<void> | undefined;

  constructor(
    queueKeys: QueueKeys,
    opts: QueueBaseOptions,
    flags: NonNullable<BackendFlags>,
    storeOptions: StoreOptions,
    connection: Connection,
    private readonly ownsConnection = true,
  ) {
    super(queueKeys, opts, storeOptions, connection);
    this.name = queueKeys.queue;
    this.qualifiedName = queueKeys.qualifiedName;
    this.keys = queueKeys.map;
    if (flags.withBlockingConnection) {
      const suffix = (opts as WorkerOptions).name ? `:w:${(opts as WorkerOptions).name}` : '';
      this.waiting = new Waiting(opts.connection, queueKeys, this.scripts, this.clientName(suffix));
    }
    if (flags.blocking) this.metadata.markNow(connection.waitUntilReady());
    if (ownsConnection) this.forwardEvents();
  }

  // --- lifecycle ---

  /** Asked for with every job that ends: once ready, it stays so, and all get the same promise. */
  waitUntilReady(): Promise<void> {
    return this.ready ?? this.becomeReady();
  }

  private async becomeReady(): Promise<void> {
    await this.connection.waitUntilReady();
    await this.waiting?.waitUntilReady();
    await this.metadata.marked();
    this.ready ??= Promise.resolve();
  }

  /**
   * Jobs that were handed over before are added first, and reports and claims get their answers, unless it is forced or
   * Redis does not answer.
   */
  close(force = false): Promise<void> {
    if (!this.ownsConnection) return Promise.resolve();
    this.closing ??= Promise.all([this.waiting?.close(force), this.closeConnection(force)]).then(
      () => undefined,
    );
    return this.closing;
  }

  private async closeConnection(force: boolean): Promise<void> {
    const work = [this.adding.close(), this.running.close()].filter((one) => one !== undefined);
    if (work.length > 0 && !force) {
      const done = Promise.all(work).then(() => undefined);
      await whileAnswering(this.connection.client, done);
    }
    await this.connection.close(force);
  }

  async disconnect(): Promise<void> {
    if (!this.ownsConnection) return;
    this.connection.disconnect();
    await this.waiting?.interrupt();
  }

  /** From now on no command waits much longer than `ms` for a Redis that is away: see {@link Connection}. */
  limitWaiting(ms: number): void {
    if (this.ownsConnection) this.connection.limitWaiting(ms);
  }

  setName(name: string): Promise<void> {
    return this.metadata.setName(name);
  }

  forQueue(queueName: string, prefix = this.queueKeys.prefix): DroverBackend {
    const keys = new QueueKeys(prefix, queueName);
    return new DroverBackend(keys, { ...this.opts }, {}, this.storeOptions, this.connection, false);
  }

  toKey(type: string): string {
    return this.queueKeys.key(type);
  }

  /** A prefix may hold colons, and so may an id: the own prefix is looked for first. */
  parseNodeKey(key: string): { prefix: string; queueName: string; id: string } {
    const own = `${this.queueKeys.prefix}:`;
    const prefix = key.startsWith(own) ? this.queueKeys.prefix : (key.split(':')[0] ?? '');
    const [queueName = '', ...id] = key.slice(prefix.length + 1).split(':');
    return { prefix, queueName, id: id.join(':') };
  }

  clientName(suffix = ''): string {
    return `${this.queueKeys.prefix}:${Buffer.from(this.name).toString('base64')}${suffix}`;
  }

  // --- waiting for work ---

  async waitForJob(blockTimeout: number): Promise<{ member: string; score: number } | null> {
    return this.waiting ? this.waiting.wait(blockTimeout, this.running.isHeldUp) : null;
  }
  async disconnectBlocking(): Promise<void> {
    await this.waiting?.interrupt();
  }
  async reconnectBlocking(): Promise<void> {
    await this.waiting?.resume();
  }

  private forwardEvents(): void {
    const forward = (event: string) => (detail?: unknown) => void this.emit(event, detail);
    this.connection.on('error', forward('error'));
    this.connection.on('ready', forward('ready'));
    this.connection.on('close', forward('close'));
    this.waiting?.on('error', forward('error'));
  }
}

function concurrencyOf(worker: unknown): number | undefined {
  const { concurrency } = (worker ?? {}) as { concurrency?: unknown };
  return typeof concurrency === 'number' ? concurrency : undefined;
}

/**
 * A factory of BullMQ's {@link BackendFactory} signature whose queues keep their jobs in the Go contract.
 *
 * @param options what the environment's settings should not decide.
 */
export function createBackendFactory(options: Partial<StoreOptions> = {}): BackendFactory<DroverBackend> {
  // BullMQ calls it as a method of its worker, whose concurrency is nowhere else to be seen when it was changed.
  return function (this: unknown, name, opts, flags = {}) {
    checkWorkerLimits(opts as Partial<WorkerOptions>);
    const storeOptions = resolveStoreOptions(options);
    // All that can be refused is refused before a connection is opened, which nobody would close.
    const keys = new QueueKeys((opts as { prefix?: string }).prefix ?? DEFAULT_PREFIX, name);
    const connection = new Connection(opts.connection, { shared: !flags.blocking });
    const backend = new DroverBackend(keys, opts, flags, storeOptions, connection);
    backend.running.followConcurrency(() => concurrencyOf(this));
    return backend;
  };
}

/**
 * BullMQ's third constructor argument: `new Queue('jobs', { connection, prefix: 'botrix' }, createBackend)`.
 * Reads `JOB_TTL_SECONDS`, `QUEUE_DEFAULT_TYPE`, `MAX_DOCUMENT_BYTES` and `LEGACY_LEASE_SECONDS` from the environment.
 */
export const createBackend: BackendFactory<DroverBackend> = createBackendFactory();
