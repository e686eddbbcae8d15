import type { BeforeApplicationShutdown } from '@nestjs/common';
import { setDefaultBackendFactory, type BackendFactory, type ConnectionOptions } from 'bullmq';
import { createBackendFactory, type DroverBackend } from '../backend/drover-backend.js';
import { resolveServiceOptions, type QueueServiceOptions } from '../service/options.js';

const STORE = Symbol('drover:store');

/** How long commands of a worker wait for a Redis that is away, once the application is closing. */
const CLOSING_PATIENCE_MS = 2000;

type Factory = BackendFactory<DroverBackend>;
type Marked = { [STORE]?: NestStore };

/** What queues and flow producers of an application get as their options. */
export interface BullOptions {
  connection: ConnectionOptions;
  prefix: string;
}

/** Stores by the connection that @nestjs/bullmq hands from a queue to its workers and listeners. */
const byConnection = new WeakMap<object, NestStore>();
/** For queues, workers, … that an application creates by hand, which carry nothing of it. */
let last: NestStore | undefined;

/**
 * BullMQ has one default factory a process, and @nestjs/bullmq uses nothing else. So the factory is the same for
 * all applications, and finds the one a queue belongs to: queues and flow producers by a mark in their options,
 * workers and listeners, which get nothing but the queue's connection and prefix, by that connection.
 */
const route: Factory = (name, opts, flags) => {
  const connection: unknown = opts.connection;
  const known = typeof connection === 'object' && connection !== null ? connection : undefined;
  const marked = (opts as Marked)[STORE];
  // A queue with a connection of its own: its workers come with the same one.
  if (marked && known) byConnection.set(known, marked);
  const store = marked ?? (known && byConnection.get(known)) ?? last;
  return store ? store.open(name, opts, flags) : createBackendFactory()(name, opts, flags);
};

function remember(connection: object, store: NestStore): void {
  byConnection.set(connection, store);
  last = store;
}

/** Makes BullMQ's classes use Drover's store wherever they are not told otherwise. */
export function useDroverStore(): void {
  setDefaultBackendFactory(route);
}

/** The store of one Nest application: what its queues, workers, flow producers and listeners share. */
export class NestStore implements BeforeApplicationShutdown {
  private readonly factory: Factory;
  private readonly options: BullOptions;
  private workers: DroverBackend[] = [];

  /** @throws {InvalidSettingsError} when a setting in the environment is wrong. */
  constructor(given: QueueServiceOptions) {
    const { connection, prefix } = resolveServiceOptions(given);
    this.factory = createBackendFactory(given);
    // A copy is this application's alone, even if two are given the same options; a client cannot be copied.
    const own = isClient(connection) ? connection : ({ ...connection } as ConnectionOptions);
    this.options = { connection: own, prefix };
  }

  /** For BullModule.forRoot. */
  bullOptions(): BullOptions {
    remember(this.options.connection, this);
    return { ...this.options, [STORE]: this } as BullOptions;
  }

  /** Has the signature of BullMQ's backend factory. */
  readonly open: Factory = (name, opts, flags) => {
    const backend = this.factory(name, opts, flags);
    if (flags?.withBlockingConnection) {
      this.workers = this.workers.filter((worker) => worker.closing === undefined);
      this.workers.push(backend);
    }
    return backend;
  };

  /** Workers are closed next, and BullMQ lets them wait for claims and results, so for a Redis that is away. */
  beforeApplicationShutdown(): void {
    for (const worker of this.workers) worker.limitWaiting(CLOSING_PATIENCE_MS);
  }
}

function isClient(connection: ConnectionOptions): boolean {
  return typeof (connection as { defineCommand?: unknown }).defineCommand === 'function';
}
