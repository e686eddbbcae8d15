import { randomBytes } from 'node:crypto';
import {
  FlowProducer,
  Queue,
  QueueEvents,
  QueueEventsProducer,
  Worker,
  type Processor,
  type QueueEventsOptions,
  type QueueOptions,
  type WorkerOptions,
} from 'bullmq';
import { EventLog } from './event-log.js';
import { Collected } from './signals.js';
import type { Differences, StoreGetter, StoreUnderTest } from './store-under-test.js';

type Options = QueueOptions & { prefix: string };

const createQueue = (name: string, options: Options, { createBackend }: StoreUnderTest) =>
  new Queue(name, options, createBackend);
const createWorker = (
  name: string,
  processor: Processor | null,
  options: WorkerOptions,
  { createBackend }: StoreUnderTest,
) => new Worker(name, processor, options, createBackend);
const createEvents = (name: string, options: QueueEventsOptions, { createBackend }: StoreUnderTest) =>
  new QueueEvents(name, options, createBackend);
const createProducer = (name: string, options: Options, { createBackend }: StoreUnderTest) =>
  new QueueEventsProducer(name, options, createBackend);
const createFlows = (options: Options, { createBackend }: StoreUnderTest) =>
  new FlowProducer(options, createBackend);

export type TestQueue = ReturnType<typeof createQueue>;
export type TestWorker = ReturnType<typeof createWorker>;
export type TestJob = NonNullable<Awaited<ReturnType<TestWorker['getNextJob']>>>;

/** Work that a job does here: it may need nothing of what BullMQ hands it. */
export type Work = (job: TestJob, token?: string, signal?: AbortSignal) => Promise<unknown>;

/** A running worker, and the jobs it started in order. */
export interface Running {
  worker: TestWorker;
  ran: Collected<TestJob>;
  ids(): string[];
}

/** What one case works with: classes of BullMQ on the store under test, all closed when the case ends. */
export class Bench {
  /** A queue that no other case uses. */
  readonly name = `kit-${randomBytes(6).toString('hex')}`;
  private readonly open: { close(force?: boolean): Promise<unknown> }[] = [];

  constructor(readonly store: StoreUnderTest) {}

  /** Another name for this case alone. */
  also(suffix: string): string {
    return `${this.name}-${suffix}`;
  }

  queue(options: Partial<QueueOptions> = {}, name = this.name): TestQueue {
    return this.keep(createQueue(name, { ...this.options(), ...options }, this.store));
  }

  /** A worker that runs at once. It waits a minute for a signal, so that a case fails when a wake-up is lost. */
  worker(work: Work = async () => null, options: Partial<WorkerOptions> = {}, name = this.name): Running {
    const ran = new Collected<TestJob>();
    const processor: Processor = async (job, token, signal) => {
      ran.add(job as TestJob);
      return work(job as TestJob, token, signal);
    };
    const worker = createWorker(
      name,
      processor,
      { ...this.options(), drainDelay: 60, ...options },
      this.store,
    );
    return { worker: this.keep(worker), ran, ids: () => ran.values.map((job) => String(job.id)) };
  }

  /** A worker that runs nothing by itself: the case claims and finishes jobs by hand. */
  hand(options: Partial<WorkerOptions> = {}, name = this.name): Hand {
    const settings = { ...this.options(), autorun: false, ...options };
    return new Hand(this.keep(createWorker(name, null, settings, this.store)));
  }

  /** Everything that the queue ever told, and what it tells from now on. */
  async events(name = this.name): Promise<EventLog> {
    const events = this.queueEvents({ lastEventId: '0' }, name);
    const log = new EventLog(events);
    await events.waitUntilReady();
    return log;
  }

  queueEvents(options: Partial<QueueEventsOptions> = {}, name = this.name) {
    return this.keep(createEvents(name, { ...this.options(), ...options }, this.store));
  }

  producer(name = this.name): ReturnType<typeof createProducer> {
    return this.keep(createProducer(name, this.options(), this.store));
  }

  flows(options: Partial<QueueOptions> = {}): ReturnType<typeof createFlows> {
    return this.keep(createFlows({ ...this.options(), ...options }, this.store));
  }

  options(): Options {
    return { connection: this.store.connection, prefix: this.store.prefix };
  }

  /** Has `one` closed after the case; its errors are not unhandled events. */
  keep<T extends { close(force?: boolean): Promise<unknown> }>(one: T): T {
    (one as unknown as { on(event: string, listener: () => void): void }).on('error', () => undefined);
    this.open.push(one);
    return one;
  }

  async close(): Promise<void> {
    await Promise.all(this.open.splice(0).map((one) => one.close(true)));
  }
}

/** Claims jobs by hand, as the pattern "manually fetching jobs" of BullMQ's documentation describes. */
export class Hand {
  constructor(readonly worker: TestWorker) {}

  /** The next job, claimed with `token`; undefined when there is none now. */
  claim(token = 'token'): Promise<TestJob | undefined> {
    return this.worker.getNextJob(token, { block: false });
  }

  /** The next job; fails when there is none. */
  async take(token = 'token'): Promise<TestJob> {
    const job = await this.claim(token);
    if (!job) throw new Error('there is no job to claim');
    return job;
  }

  /** Claims until there is nothing left. @returns the ids in order. */
  async drain(): Promise<string[]> {
    const ids: string[] = [];
    for (let job = await this.claim(); job; job = await this.claim()) ids.push(String(job.id));
    return ids;
  }

  /** Claims the next job and completes it with `value`. */
  async complete(value: unknown = null): Promise<TestJob> {
    const job = await this.take();
    await job.moveToCompleted(value, 'token', false);
    return job;
  }

  /** Claims the next job and fails it; whether it is tried again is up to its options. */
  async fail(error: Error = new Error('broken')): Promise<TestJob> {
    const job = await this.take();
    await job.moveToFailed(error, 'token', false);
    return job;
  }
}

type CaseBody = (bench: Bench) => Promise<void>;

export interface Cases {
  /** Defines one case. It gets a bench of its own, closed afterwards. */
  (title: string, body: CaseBody): void;
}

/** The titles that were defined, to find differences that name no case. */
const defined = new Set<string>();
export const isDefined = (title: string): boolean => defined.has(title);

/** How an area defines its cases; a difference turns a case into one that must fail. */
export function cases(store: StoreGetter, differences: Differences = {}): Cases {
  return (title, body) => {
    defined.add(title);
    const run = async () => {
      const bench = new Bench(store());
      try {
        await body(bench);
      } finally {
        await bench.close();
      }
    };
    const reason = differences[title];
    if (reason === undefined) it(title, run);
    else it.failing(`${title} (otherwise: ${reason})`, run);
  };
}
