import { createBackendFactory, QueueService, Reconciler, silentLogger } from '#libs/queue';
import { Queue, Worker, type Job, type Processor, type WorkerOptions } from 'bullmq';
import type { QueueAddress } from './legacy-go.js';

/** Settings of the store that these tests change. */
export interface StoreSettings {
  legacyLeaseSeconds?: number;
  jobTtlSeconds?: number;
  reconcileSeconds?: number;
  defaultType?: string;
}

/** One run of a handler. */
export interface Run {
  id: string;
  type: string;
  data: unknown;
  signal: AbortSignal;
}

/** A worker of this process. */
export interface TsWorker {
  ready: () => Promise<unknown>;
  /** What it has started to run, in order. */
  runs: readonly Run[];
  ids: () => string[];
}

/** The TypeScript side of one queue: BullMQ's own classes and `QueueService`, each there from its first use. */
export class TsSide {
  private readonly open: { close(force?: boolean): Promise<unknown> }[] = [];
  private closed: Promise<unknown> | undefined;
  private lookingAfter = false;
  private theService: QueueService | undefined;
  private theQueue: ReturnType<TsSide['newQueue']> | undefined;

  constructor(
    private readonly address: QueueAddress,
    private readonly settings: StoreSettings,
  ) {}

  get service(): QueueService {
    this.theService ??= this.keep(new QueueService(this.serviceOptions()));
    return this.theService;
  }

  get queue(): ReturnType<TsSide['newQueue']> {
    this.theQueue ??= this.keep(this.newQueue());
    return this.theQueue;
  }

  /** Has a process of Drover there that runs nothing, as the API is: it looks after the queue. */
  standBy(): void {
    if (this.lookingAfter) return;
    this.lookingAfter = true;
    const intervalSeconds = this.settings.reconcileSeconds ?? 1;
    this.keep(new Reconciler({ ...this.serviceOptions(), intervalSeconds, watch: true })).start();
  }

  /** Starts a worker; one that lets every job succeed with `{ ran: <id> }` unless told otherwise. */
  work(
    handler: (run: Run) => unknown = ({ id }) => ({ ran: id }),
    options: Partial<WorkerOptions> = {},
  ): TsWorker {
    const runs: Run[] = [];
    const processor: Processor = async (job: Job, _token, signal) => {
      const run = { id: job.id!, type: job.name, data: job.data as unknown, signal: signal! };
      runs.push(run);
      return handler(run);
    };
    const stalledInterval = (this.settings.reconcileSeconds ?? 1) * 1000;
    const worker = new Worker(
      this.address.queue,
      processor,
      { ...this.bullOptions(), lockDuration: 6000, lockRenewTime: 2000, stalledInterval, ...options },
      createBackendFactory(this.settings),
    );
    // How a worker hears of a cancel or a requeue by Go: the job's lease cannot be extended any more.
    worker.on('lockRenewalFailed', (ids) => ids.forEach((id) => worker.cancelJob(id)));
    // BullMQ also reports those jobs as errors, then and when their handlers have returned.
    worker.on('error', (error) => {
      if (!/could not renew lock|Missing lock/.test(error.message)) console.error('worker:', error);
    });
    this.keep({ close: () => worker.close(true) });
    return { runs, ids: () => runs.map(({ id }) => id), ready: () => worker.waitUntilReady() };
  }

  close(): Promise<unknown> {
    this.closed ??= Promise.all(this.open.map((one) => one.close()));
    return this.closed;
  }

  private keep<T extends { close(): Promise<unknown> }>(one: T): T {
    this.open.push(one);
    return one;
  }

  private newQueue() {
    return new Queue(this.address.queue, this.bullOptions(), createBackendFactory(this.settings));
  }

  private serviceOptions() {
    const { url, prefix, queue } = this.address;
    return { redisUrl: url, prefix, queue, logger: silentLogger, ...this.settings };
  }

  private bullOptions() {
    const { url, prefix } = this.address;
    return { connection: { url }, prefix };
  }
}
