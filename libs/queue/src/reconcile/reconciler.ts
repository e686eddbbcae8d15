import { createBackendFactory, type DroverBackend } from '../backend/drover-backend.js';
import { prefixed, type QueueLogger } from '../service/logger.js';
import { resolveServiceOptions, type QueueServiceOptions } from '../service/options.js';
import { isConnectionTrouble, logOutages } from '../service/outage-log.js';
import { endClient, openClient } from '../backend/connection.js';
import { isRun } from '../backend/schedulers.js';
import type { RedisClient } from '../backend/scripts.js';

export interface ReconcilerOptions extends QueueServiceOptions {
  /** Seconds between passes; one process of all makes each. Default 5. */
  intervalSeconds?: number;
  /** How often a job may lose its runner before it is failed. Default 10. */
  maxStalls?: number;
  /** Also follow `<p>updates`, so that what legacy services do is recorded within a moment. Default false. */
  watch?: boolean;
  /** Whether to log that Redis went away and came back; false where something else does. Default true. */
  logOutages?: boolean;
}

/** What a legacy service may have changed; other messages need no look. */
const TELLING = /"event":"job_(added|completed|failed|cancelled)"|"status":"(running|processing)"/;
/** Ids looked after at once, and ms between such looks: bounds what following a busy queue costs. */
const WATCH_BATCH = 200;
const WATCH_MS = 50;
/** How long closing waits for a pass that is under way. */
const CLOSE_MS = 1000;

/**
 * Looks after a queue that legacy services use: adopts what they add, leases what they run, records what
 * they finish, and puts back what they drop. Any number of processes may run one; each pass is made once.
 */
export class Reconciler {
  private readonly backend: DroverBackend;
  private readonly logger: QueueLogger;
  private readonly intervalMs: number;
  private readonly maxStalls: number;
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> = Promise.resolve();
  private watcher: RedisClient | undefined;
  private readonly heard = new Set<string>();
  private closed = false;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: ReconcilerOptions = {}) {
    const resolved = resolveServiceOptions(options);
    this.logger = prefixed(resolved.logger);
    this.intervalMs = (options.intervalSeconds ?? 5) * 1000;
    this.maxStalls = options.maxStalls ?? 10;
    const { connection, prefix, queue } = resolved;
    const stalling = { maxStalledCount: this.maxStalls, stalledInterval: this.intervalMs };
    this.backend = createBackendFactory(resolved)(queue, { connection, prefix, ...stalling } as never);
    if (options.logOutages === false) this.backend.on('error', () => undefined);
    else logOutages(this.backend, this.logger);
  }

  /** Starts the passes; the first is made at once. */
  start(): void {
    if (this.timer || this.closed) return;
    this.timer = setInterval(() => this.turn(), this.intervalMs);
    this.turn();
    if (this.options.watch) this.watch();
  }

  /** Waits for the pass under way, and ends. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    if (this.watcher) endClient(this.watcher);
    // A pass under way may wait for a Redis that is away: closing the connection ends that wait.
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_MS)));
    await Promise.race([this.working, patience]);
    clearTimeout(timer);
    await this.backend.close();
  }

  private turn(): void {
    this.working = this.working.then(() => this.pass()).catch((error: Error) => this.onError(error));
  }

  private async pass(): Promise<void> {
    if (this.closed) return;
    const stalled = await this.backend.running.recoverStalled();
    // Another process took this interval's turn.
    if (!stalled) return;
    const dropped = await this.backend.reconciling.pass({
      maxStalls: this.maxStalls,
      graceMs: Math.min(1000, this.intervalMs),
    });
    for (const id of stalled) this.logger.warn(`job ${id} lost its runner and waits again`);
    for (const id of dropped) this.logger.warn(`job ${id} was dropped by a legacy service and waits again`);
    // Drops the ids of jobs whose TTL has ended.
    await this.backend.reading.counts([]);
    await this.backend.scheduleKeeper.goOn();
  }

  private watch(): void {
    const client = openClient(resolveServiceOptions(this.options).connection);
    // The backend's connection reports outages; this one comes back by itself.
    client.on('error', () => undefined);
    client.on('message', (_channel: string, message: string) => this.hear(message));
    client.subscribe(this.backend.queueKeys.updates).catch(() => undefined);
    this.watcher = client;
  }

  private hear(message: string): void {
    if (!TELLING.test(message)) return;
    // More than a batch at a time is left to the next pass.
    const id = this.heard.size < WATCH_BATCH ? jobIdOf(message) : undefined;
    if (id === undefined) return;
    this.heard.add(id);
    if (this.heard.size === 1) setTimeout(() => this.lookAfterHeard(), WATCH_MS);
  }

  private lookAfterHeard(): void {
    const ids = [...this.heard];
    this.heard.clear();
    this.working = this.working
      .then(async () => {
        if (this.closed) return;
        await this.backend.scripts.run('adoptAdded', '0', ...ids);
        await this.backend.reconciling.lookAfter(ids, { maxStalls: this.maxStalls });
        if (ids.some(isRun)) await this.backend.scheduleKeeper.goOn();
      })
      .catch((error: Error) => this.onError(error));
  }

  private onError(error: Error): void {
    if (!this.closed && !isConnectionTrouble(error))
      this.logger.error(`reconciling failed: ${error.message}`);
  }
}

/** Anybody can publish on a channel: what is no message of the contract is passed over. */
function jobIdOf(message: string): string | undefined {
  try {
    const { job_id: id } = JSON.parse(message) as { job_id?: unknown };
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}
