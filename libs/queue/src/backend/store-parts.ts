import { EventEmitter } from 'node:events';
import type { IQueueBackend, JobJson, QueueBaseOptions, RepeatBaseOptions, WorkerOptions } from 'bullmq';
import { Adding } from './adding.js';
import { Batches } from './batches.js';
import { Checkpoints } from './checkpoints.js';
import type { Connection } from './connection.js';
import { Deduplication } from './deduplication.js';
import { Endings } from './endings.js';
import { Editing } from './editing.js';
import { FlowQueries } from './flow-queries.js';
import { Flows } from './flows.js';
import { EventFeed } from './event-feed.js';
import type { QueueKeys } from './keys.js';
import { Limits } from './limits.js';
import { Maintenance } from './maintenance.js';
import { Metadata } from './metadata.js';
import { EndMetrics } from './metrics.js';
import { Orphans } from './orphans.js';
import { Reading } from './reading.js';
import { Reconciling } from './reconciling.js';
import { Running } from './running.js';
import { ScheduleKeeper } from './schedule-keeper.js';
import { Schedulers } from './schedulers.js';
import { Scripts, type RedisClient } from './scripts.js';
import type { StoreOptions } from './store-options.js';

/** The parts of one queue's store, each of which knows one subject, on one connection. */
export abstract class StoreParts extends EventEmitter {
  closing: Promise<void> | undefined;

  readonly scripts: Scripts;
  readonly adding: Adding;
  readonly batches: Batches;
  readonly flows: Flows;
  readonly flowQueries: FlowQueries;
  readonly deduplication: Deduplication;
  readonly endings = new Endings();
  readonly running: Running;
  readonly checkpoints: Checkpoints;
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
  readonly feed: EventFeed;

  constructor(
    readonly queueKeys: QueueKeys,
    protected readonly opts: QueueBaseOptions,
    readonly storeOptions: StoreOptions,
    protected readonly connection: Connection,
  ) {
    super();
    const client = () => this.client();
    const scripts = new Scripts(client, queueKeys, storeOptions);
    const strategy = (opts as RepeatBaseOptions).settings?.repeatStrategy;
    this.scripts = scripts;
    // What was handed over before the store is closed is still carried out.
    const lasting = new Scripts(() => connection.use(), queueKeys, storeOptions);
    this.adding = new Adding(lasting, storeOptions);
    this.flows = new Flows(scripts, storeOptions, (keys) => new Scripts(client, keys, storeOptions));
    this.flowQueries = new FlowQueries(scripts, queueKeys, (key) => this.jobAt(key));
    this.deduplication = new Deduplication(scripts, queueKeys);
    this.running = new Running(
      scripts,
      lasting,
      storeOptions,
      opts as WorkerOptions,
      this.endings,
      () => this.closing !== undefined,
    );
    this.checkpoints = new Checkpoints(scripts, client, queueKeys);
    this.editing = new Editing(scripts, client, queueKeys, storeOptions);
    this.reading = new Reading(scripts, client, queueKeys, storeOptions);
    this.maintenance = new Maintenance(scripts);
    this.limits = new Limits(scripts);
    this.metrics = new EndMetrics(scripts);
    this.orphans = new Orphans(scripts, client, queueKeys);
    this.metadata = new Metadata(client, queueKeys, this.limits);
    this.feed = new EventFeed(scripts, client, queueKeys);
    this.batches = new Batches(scripts, storeOptions);
    this.reconciling = new Reconciling(scripts, client, queueKeys);
    this.schedulers = new Schedulers(scripts, client, queueKeys, storeOptions, strategy);
    this.scheduleKeeper = new ScheduleKeeper(scripts, this.schedulers, strategy);
  }

  /** The client commands run on. Rejects once closed. */
  async client(): Promise<RedisClient> {
    if (this.closing) throw new Error('Connection is closed.');
    return this.connection.client;
  }

  abstract parseNodeKey(key: string): { prefix: string; queueName: string; id: string };
  abstract forQueue(queueName: string, prefix?: string): IQueueBackend;

  private jobAt(key: string): Promise<JobJson | undefined> {
    const { prefix, queueName, id } = this.parseNodeKey(key);
    return this.forQueue(queueName, prefix).getJobData(id);
  }
}
