import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { TYPE_DEFAULTS, type Health, type Settings } from '#libs/contracts';
import { Recorder, Retention } from '#libs/history';
import { EventWaiter, QueueService, type QueueServiceOptions } from '#libs/queue';
import { Database } from '#libs/sql';
import { QueueName } from '../redis/queue-name.js';

/** How often rows that are old enough are looked for. */
const CLEAN_EVERY_MS = 3_600_000;
/** Lag above which health says so. */
const LATE_MS = 10_000;

/** What a keeper is given beside what can be injected. */
export interface HistoryKeeperOptions {
  settings: Pick<Settings, 'EVENTS_LENGTH' | 'HISTORY_RETENTION_DAYS'>;
  queueOptions: QueueServiceOptions;
}

/** Records the history of all queues while the API runs, and removes what is old enough. */
@Injectable()
export class HistoryKeeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('History');
  private readonly recorders: Recorder[];
  private readonly retention: Retention;
  private cleaner: NodeJS.Timeout | undefined;
  private cleaning: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly queue: QueueService,
    private readonly names: QueueName,
    database: Database,
    private readonly options: HistoryKeeperOptions,
  ) {
    this.retention = new Retention(database.dataSource, options.settings.HISTORY_RETENTION_DAYS);
    this.recorders = names.all.map((name) => this.recorderOf(name, database));
  }

  /** How all recorders together are. */
  get state(): Health['history'] {
    const states = this.recorders.map(({ state }) => state);
    const lagMs = Math.max(0, ...states.map((state) => state.lagMs));
    if (states.some(({ trouble }) => trouble !== undefined)) return { status: 'waiting', lagMs };
    return { status: states.some(({ isFilling }) => isFilling) ? 'filling a gap' : 'ok', lagMs };
  }

  /** What endangers the history, in words without addresses. */
  get warnings(): string[] {
    return this.recorders.flatMap((recorder) => {
      const { lagMs, trouble, isFilling } = recorder.state;
      if (trouble !== undefined) return [`the history of ${recorder.queue} is not written at the moment`];
      const late =
        lagMs > LATE_MS ? [`the history of ${recorder.queue} is ${Math.round(lagMs / 1000)} s behind`] : [];
      return isFilling ? [...late, `a gap in the history of ${recorder.queue} is being filled`] : late;
    });
  }

  onApplicationBootstrap(): void {
    for (const recorder of this.recorders) recorder.start();
    for (const name of this.names.all) this.keepLength(name);
    this.cleaner = setInterval(() => this.clean(), CLEAN_EVERY_MS).unref();
    this.clean();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.cleaner);
    this.retention.stop();
    await Promise.all([...this.recorders.map((recorder) => recorder.stop()), this.cleaning]);
  }

  private recorderOf(name: string, { dataSource, kind }: Database): Recorder {
    const { defaultType } = this.queue.backend.storeOptions;
    return new Recorder({
      queue: name,
      defaultType,
      defaultAttempts: TYPE_DEFAULTS.attempts,
      feed: this.queue.backend.forQueue(name).feed,
      database: dataSource,
      consumer: `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`,
      isAlone: kind === 'embedded',
      waiter: new EventWaiter({ ...this.options.queueOptions, queue: name }),
      log: this.logger,
    });
  }

  /** Waits for Redis where it is away. */
  private keepLength(name: string): void {
    const { feed } = this.queue.backend.forQueue(name);
    feed.keepLength(this.options.settings.EVENTS_LENGTH).catch(() => undefined);
  }

  private clean(): void {
    this.cleaning = this.retention.clean().catch((error: unknown) => {
      this.logger.warn(`old rows of the history were not removed: ${String(error).split('\n')[0]}`);
    });
  }
}
