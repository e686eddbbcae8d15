// One method per operation of BullMQ's interface, each handed to the part that knows how: this file is
// long because that interface is.
import type {
  BackendFactory,
  DependenciesOpts,
  IQueueBackend,
  JobJson,
  JobProgress,
  JobType,
  KeepJobs,
  KeysMap,
  MinimalJob,
  MoveToWaitingChildrenOpts,
  ParentKeyOpts,
  QueueBaseOptions,
  RepeatBaseOptions,
  RetryOptions,
  WorkerOptions,
} from 'bullmq';
import { Adding, type BullEntry } from './adding.js';
import { Connection } from './connection.js';
import { Deduplication } from './deduplication.js';
import { Editing } from './editing.js';
import { FlowQueries } from './flow-queries.js';
import { Flows, type FlowEntry } from './flows.js';
import { DEFAULT_PREFIX, QueueKeys } from './keys.js';
import { LimitingBackend } from './limiting-backend.js';
import { checkWorkerLimits, Limits } from './limits.js';
import { Maintenance } from './maintenance.js';
import { Metadata } from './metadata.js';
import { EndMetrics } from './metrics.js';
import { Orphans } from './orphans.js';
import { Reading } from './reading.js';
import { Reconciling } from './reconciling.js';
import { Running, type KeepOption } from './running.js';
import { ScheduleKeeper } from './schedule-keeper.js';
import { Schedulers } from './schedulers.js';
import { Scripts, type RedisClient } from './scripts.js';
import { resolveStoreOptions, type StoreOptions } from './store-options.js';
import { toJson } from './validate.js';
import { Waiting } from './waiting.js';

type Target = boolean | number | KeepJobs;
type BackendFlags = Parameters<BackendFactory>[2];

/** Errors that repeat are answered more slowly, so that a worker does not spin. */
const SPIN_GUARD_MS = 1000;

/**
 * The store of one queue: jobs in the contract that Go services read and write, behind BullMQ's own classes.
 * Handed to them through {@link createBackend}; several queues may share its connection ({@link forQueue}).
 */
export class DroverBackend extends LimitingBackend implements IQueueBackend {
  readonly minimumBlockTimeout = 0.001;
  readonly maximumBlockTimeout = 10;
  readonly qualifiedName: string;
  readonly keys: KeysMap;
  closing: Promise<void> | undefined;

  readonly name: string;
  readonly scripts: Scripts;
  readonly adding: Adding;
  readonly flows: Flows;
  readonly flowQueries: FlowQueries;
  readonly deduplication: Deduplication;
  readonly running: Running;
  readonly editing: Editing;
  readonly reading: Reading;
  readonly maintenance: Maintenance;
  readonly limits: Limits;
  readonly metrics: EndMetrics;
  readonly orphans: Orphans;
  readonly metadata: Metadata;
  readonly schedulers: Schedulers;
  readonly scheduleKeeper: ScheduleKeeper;
  readonly reconciling: Reconciling;
  private readonly waiting: Waiting | undefined;
  private readonly usable = async (): Promise<RedisClient> => {
    if (this.closing) throw new Error('Connection is closed.');
    return this.connection.client;
  };

  constructor(
    readonly queueKeys: QueueKeys,
    private readonly opts: QueueBaseOptions,
    flags: NonNullable<BackendFlags>,
    readonly storeOptions: StoreOptions,
    private readonly connection: Connection,
    private readonly ownsConnection = true,
  ) {
    super();
    this.name = queueKeys.queue;
    this.qualifiedName = this.queueKeys.qualifiedName;
    this.keys = this.queueKeys.map;
    this.scripts = new Scripts(this.usable, this.queueKeys, storeOptions);
    this.adding = new Adding(this.scripts, storeOptions);
    this.flows = new Flows(
      this.scripts,
      storeOptions,
      (keys) => new Scripts(this.usable, keys, storeOptions),
    );
    this.flowQueries = new FlowQueries(this.scripts, this.queueKeys, (key) => this.jobAt(key));
    this.deduplication = new Deduplication(this.scripts, this.queueKeys);
    this.running = new Running(
      this.scripts,
      storeOptions,
      opts as WorkerOptions,
      () => this.closing !== undefined,
    );
    this.editing = new Editing(this.scripts, this.usable, this.queueKeys, storeOptions);
    this.reading = new Reading(this.scripts, this.usable, this.queueKeys, storeOptions);
    this.maintenance = new Maintenance(this.scripts);
    this.limits = new Limits(this.scripts);
    this.metrics = new EndMetrics(this.scripts);
    this.orphans = new Orphans(this.scripts, this.usable, this.queueKeys);
    this.metadata = new Metadata(this.usable, this.queueKeys, this.limits);
    this.reconciling = new Reconciling(this.scripts, this.usable, this.queueKeys);
    const strategy = (opts as RepeatBaseOptions).settings?.repeatStrategy;
    this.schedulers = new Schedulers(this.scripts, this.usable, this.queueKeys, storeOptions, strategy);
    this.scheduleKeeper = new ScheduleKeeper(this.scripts, this.schedulers, strategy);
    if (flags.withBlockingConnection) {
      const suffix = (opts as WorkerOptions).name ? `:w:${(opts as WorkerOptions).name}` : '';
      this.waiting = new Waiting(opts.connection, this.queueKeys, this.scripts, this.clientName(suffix));
    }
    if (flags.blocking) this.metadata.markNow(connection.waitUntilReady());
    if (ownsConnection) this.forwardEvents();
  }

  /** The client commands run on. Rejects once closed. */
  client(): Promise<RedisClient> {
    return this.usable();
  }

  // --- lifecycle ---

  async waitUntilReady(): Promise<void> {
    await this.connection.waitUntilReady();
    await this.waiting?.waitUntilReady();
    await this.metadata.marked();
  }

  close(force = false): Promise<void> {
    if (!this.ownsConnection) return Promise.resolve();
    this.closing ??= Promise.all([this.waiting?.close(force), this.connection.close(force)]).then(
      () => undefined,
    );
    return this.closing;
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

  private jobAt(key: string): Promise<JobJson | undefined> {
    const { prefix, queueName, id } = this.parseNodeKey(key);
    return this.forQueue(queueName, prefix).getJobData(id);
  }

  clientName(suffix = ''): string {
    return `${this.queueKeys.prefix}:${Buffer.from(this.name).toString('base64')}${suffix}`;
  }

  // --- adding ---

  async addJob(job: JobJson, jobId: string, parentKeyOpts?: ParentKeyOpts): Promise<string> {
    const [id] = await this.adding.addBull([{ job, jobId, parentKeyOpts }]);
    return id as string;
  }

  addJobs(entries: BullEntry[]): Promise<string[]> {
    return this.adding.addBull(entries);
  }

  addFlow(entries: FlowEntry[]): Promise<[Error | null, string | number][]> {
    return this.flows.add(entries);
  }

  // --- running ---

  async moveToActive(token: string, name?: string) {
    try {
      return await this.running.claim(token, name);
    } catch (error) {
      if (!this.closing) await new Promise((resolve) => setTimeout(resolve, SPIN_GUARD_MS));
      throw error;
    }
  }

  moveToCompleted<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    value: R,
    keep: Target,
    token: string,
    fetchNext: boolean,
  ) {
    const result = value === undefined ? 'null' : toJson(value, `result of job ${job.id}`);
    return this.running.finish(job, 'completed', result, keep as KeepOption, token, fetchNext);
  }

  moveToFailed<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    reason: string,
    keep: Target,
    token: string,
    fetchNext: boolean,
    fields?: Record<string, unknown>,
  ) {
    return this.running.finish(job, 'failed', String(reason), keep as KeepOption, token, fetchNext, fields);
  }

  moveToDelayed(jobId: string, timestamp: number, delay: number, token = '0', opts = {}) {
    const wait = delay < 0 ? 0 : delay;
    return this.running.delay(jobId, timestamp + wait, wait, token, opts);
  }

  retryJob(
    jobId: string,
    lifo: boolean,
    token = '0',
    opts: { fieldsToUpdate?: Record<string, unknown> } = {},
  ) {
    return this.running.retry(jobId, lifo, token, opts.fieldsToUpdate);
  }

  moveJobFromActiveToWait(jobId: string, token = '0'): Promise<number> {
    return this.running.release(jobId, token);
  }

  async extendLock(jobId: string, token: string, duration: number): Promise<number> {
    return (await this.running.extend([jobId], [token], duration)).length === 0 ? 1 : 0;
  }

  extendLocks(jobIds: string[], tokens: string[], duration: number): Promise<string[]> {
    return this.running.extend(jobIds, tokens, duration);
  }

  /**
   * Also looks after what legacy services left, which every running worker does once an interval. That
   * is not waited for: the worker must hear at once which jobs it lost.
   */
  async moveStalledJobsToWait(): Promise<string[]> {
    const stalled = await this.running.recoverStalled();
    if (stalled) void this.lookAround();
    return stalled ?? [];
  }

  private async lookAround(): Promise<void> {
    const { maxStalledCount = 1 } = this.opts as WorkerOptions;
    try {
      await this.reconciling.pass({ maxStalls: maxStalledCount });
      await this.scheduleKeeper.goOn();
    } catch (error) {
      if (!this.closing) this.emit('error', error);
    }
  }

  // --- single jobs ---

  promote(jobId: string): Promise<void> {
    return this.editing.promote(jobId);
  }
  retryFinishedJob<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    state: 'failed' | 'completed',
    opts?: RetryOptions,
  ) {
    return this.editing.reprocess(job, state, opts);
  }
  updateData<T, R, N extends string>(job: MinimalJob<T, R, N>, data: T): Promise<void> {
    return this.editing.updateData(job, data);
  }
  updateProgress(jobId: string, progress: JobProgress): Promise<void> {
    return this.editing.updateProgress(jobId, progress);
  }
  addLog(jobId: string, row: string, keepLogs?: number): Promise<number> {
    return this.editing.addLog(jobId, row, keepLogs);
  }
  clearLogs(jobId: string, keepLogs?: number): Promise<void> {
    return this.editing.clearLogs(jobId, keepLogs);
  }
  changeDelay(jobId: string, delay: number): Promise<void> {
    return this.editing.changeDelay(jobId, delay);
  }
  changePriority(jobId: string, priority?: number, lifo?: boolean): Promise<void> {
    return this.editing.changePriority(jobId, priority, lifo);
  }
  remove(jobId: string, removeChildren: boolean): Promise<number> {
    return this.flows.remove(jobId, removeChildren);
  }

  // --- flows and deduplication ---

  moveToWaitingChildren(jobId: string, token: string, opts?: MoveToWaitingChildrenOpts): Promise<boolean> {
    return this.flows.waitForChildren(jobId, token, opts);
  }
  removeUnprocessedChildren(jobId: string): Promise<void> {
    return this.flows.removePendingChildren(jobId);
  }
  removeChildDependency(jobId: string, parentKey: string): Promise<boolean> {
    return this.flows.leaveParent(jobId, parentKey);
  }
  getDependencyCounts(jobId: string, types: string[]): Promise<number[]> {
    return this.flowQueries.counts(jobId, types);
  }
  getDependencies(jobId: string, opts?: DependenciesOpts) {
    return this.flowQueries.dependencies(jobId, opts);
  }
  getProcessedChildrenValues(jobId: string): Promise<Record<string, string>> {
    return this.flowQueries.processed(jobId);
  }
  getIgnoredChildrenFailures(jobId: string): Promise<Record<string, string>> {
    return this.flowQueries.ignored(jobId);
  }
  paginate(key: string, opts: { start: number; end: number; fetchJobs?: boolean }) {
    return this.flowQueries.paginate(key, opts);
  }
  removeDeduplicationKey(deduplicationId: string, jobId: string): Promise<number> {
    return this.deduplication.free(deduplicationId, jobId);
  }
  deleteDeduplicationKey(deduplicationId: string): Promise<number> {
    return this.deduplication.delete(deduplicationId);
  }
  getDeduplicationJobId(deduplicationId: string): Promise<string | null> {
    return this.deduplication.holder(deduplicationId);
  }

  // --- the whole queue ---

  retryFinishedJobs(
    state: 'failed' | 'completed' = 'failed',
    count = 1000,
    timestamp = Date.now(),
  ): Promise<number> {
    return this.maintenance.retryMany(state, count, timestamp);
  }
  promoteJobs(count = 1000): Promise<number> {
    return this.maintenance.promoteMany(count);
  }
  pause(pause: boolean): Promise<void> {
    return this.maintenance.pause(pause);
  }
  drain(delayed: boolean): Promise<void> {
    return this.maintenance.drain(delayed);
  }
  cleanJobsByState(state: string, timestamp: number, limit = 0): Promise<string[]> {
    return this.maintenance.clean(state, timestamp, limit);
  }
  obliterate(opts: { force: boolean; count: number }): Promise<number> {
    return this.maintenance.obliterate(opts);
  }

  // --- queries ---

  getState(jobId: string) {
    return this.reading.state(jobId);
  }
  isFinished(jobId: string, returnValue = false): Promise<number | [number, string]> {
    return this.reading.isFinished(jobId, returnValue);
  }
  isJobInState(state: string, jobId: string): Promise<boolean> {
    return this.reading.isInState(state, jobId);
  }
  getJobData(jobId: string): Promise<JobJson | undefined> {
    return this.reading.jobJson(jobId);
  }
  getJobLogs(jobId: string, start: number, end: number, asc: boolean) {
    return this.reading.logs(jobId, start, end, asc);
  }
  async getCounts(types: JobType[], delayedTimestamp?: number): Promise<number[]> {
    if (delayedTimestamp !== undefined) return [await this.reading.delayedBefore(delayedTimestamp)];
    return this.reading.counts(types);
  }
  getCountsPerPriority(priorities: number[]): Promise<number[]> {
    return this.reading.countsPerPriority(priorities);
  }
  getRanges(types: JobType[], start = 0, end = 1, asc = false): Promise<[string][]> {
    return this.reading.ranges(types, start, end, asc) as unknown as Promise<[string][]>;
  }
  getClientList(): Promise<string[]> {
    return this.metadata.clientLists();
  }

  // --- metadata and events ---

  setQueueMeta(values: Record<string, string | number>): Promise<number> {
    return this.metadata.set(values);
  }
  async getQueueMetaField(field: string): Promise<string | null> {
    return (await this.metadata.get([field]))[0] ?? null;
  }
  getQueueMetaFields(fields: string[]): Promise<(string | null)[]> {
    return this.metadata.get(fields);
  }
  getQueueMeta(): Promise<Record<string, string>> {
    return this.metadata.all();
  }
  removeQueueMetaFields(fields: string[]): Promise<number> {
    return this.metadata.unset(fields);
  }
  hasQueueMetaField(field: string): Promise<boolean> {
    return this.metadata.has(field);
  }
  trimEvents(maxLength: number): Promise<number> {
    return this.metadata.trimEvents(maxLength);
  }
  publishEvent(fields: Record<string, string | number>, maxEvents: number): Promise<string> {
    return this.metadata.publishEvent(fields, maxEvents);
  }
  readEvents(id: string, blockTimeout: number) {
    return this.metadata.readEvents(id, blockTimeout);
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

/**
 * A factory of BullMQ's {@link BackendFactory} signature whose queues keep their jobs in the Go contract.
 *
 * @param options what the environment's settings should not decide.
 */
export function createBackendFactory(options: Partial<StoreOptions> = {}): BackendFactory<DroverBackend> {
  return (name, opts, flags = {}) => {
    checkWorkerLimits(opts as Partial<WorkerOptions>);
    const storeOptions = resolveStoreOptions(options);
    // All that can be refused is refused before a connection is opened, which nobody would close.
    const keys = new QueueKeys((opts as { prefix?: string }).prefix ?? DEFAULT_PREFIX, name);
    const connection = new Connection(opts.connection, { shared: !flags.blocking });
    return new DroverBackend(keys, opts, flags, storeOptions, connection);
  };
}

/**
 * BullMQ's third constructor argument: `new Queue('jobs', { connection, prefix: 'botrix' }, createBackend)`.
 * Reads `JOB_TTL_SECONDS`, `QUEUE_DEFAULT_TYPE`, `MAX_DOCUMENT_BYTES` and `LEGACY_LEASE_SECONDS` from the environment.
 */
export const createBackend: BackendFactory<DroverBackend> = createBackendFactory();
