import { Inject, Injectable, Logger } from '@nestjs/common';
import { applySchedules, HandlerRegistry, OtherQueues, type JobType } from '#libs/jobs';
import { compareVersions, TypeCatalog, TypeQueues } from '#libs/queue';
import { RedisLink } from './redis-link.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';

const TRY_AGAIN_MS = 5_000;
/** Workers of a newer version come and go, and nobody tells. */
const LOOK_AGAIN_MS = 30_000;

/**
 * Keeps the schedules of this worker's types: sets them up when it starts, and again when settings of a type have changed, or
 * the last worker of a newer version is gone. In between they are left alone: workers of one version that differ would take turns.
 */
@Injectable()
export class Schedules {
  private readonly logger = new Logger('Schedules');
  /** What was set up, by type: on what it depends. */
  private readonly applied = new Map<string, string>();
  private applying: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private isStarted = false;

  constructor(
    private readonly redis: RedisLink,
    private readonly registry: HandlerRegistry,
    private readonly queues: OtherQueues,
    private readonly catalog: TypeCatalog,
    private readonly types: TypeQueues,
    @Inject(WORKER_IDENTITY) private readonly identity: WorkerIdentity,
  ) {}

  /** Sets them up as soon as `ready` has resolved, and keeps them so. */
  start(ready: Promise<void>): void {
    this.isStarted = true;
    void ready.then(() => this.apply());
  }

  /** Looks whether something has changed. Resolves when that is done, or has failed. */
  apply(): Promise<void> {
    this.applying = this.applying.then(() => this.applyOnce());
    return this.applying;
  }

  /** Sets all of them up again: Redis has lost what it knew. */
  applyAnew(): Promise<void> {
    this.applied.clear();
    return this.apply();
  }

  close(): void {
    this.isStarted = false;
    clearTimeout(this.timer);
  }

  private async applyOnce(): Promise<void> {
    if (!this.isStarted) return;
    clearTimeout(this.timer);
    let isDone = false;
    try {
      isDone = await this.applyChanged();
    } catch (error) {
      if (this.isStarted)
        this.logger.warn(`schedules were not set up, trying again: ${(error as Error).message}`);
    }
    const nextMs = isDone ? LOOK_AGAIN_MS : TRY_AGAIN_MS;
    if (this.isStarted) this.timer = setTimeout(() => void this.apply(), nextMs);
  }

  /** @returns false without Redis: there is nobody to tell */
  private async applyChanged(): Promise<boolean> {
    if (!this.redis.isUp) return false;
    const newest = await this.newest();
    const changed = newest.filter((type) => this.applied.get(type.type) !== stateOf(type));
    const states = changed.map((type) => [type.type, stateOf(type)] as const);
    if (changed.length > 0) await this.applyTo(changed);
    for (const [type, state] of states) this.applied.set(type, state);
    return true;
  }

  /** Types of which no live worker runs a newer version; the others are to be set up again when that is gone. */
  private async newest(): Promise<JobType[]> {
    const versions = new Map((await this.catalog.list()).map(({ type, version }) => [type, version]));
    return this.registry.all().filter(({ type, version }) => {
      const isNewest = compareVersions(versions.get(type) ?? version, version) <= 0;
      if (!isNewest) this.applied.delete(type);
      return isNewest;
    });
  }

  /** In the worker's own queue, and in those that jobs of these types go to. */
  private async applyTo(types: readonly JobType[]): Promise<void> {
    const queueOf = (type: string) => this.types.homeOf(type);
    const scheduled = types.filter(({ schedule }) => schedule);
    const names = new Set([this.identity.settings.QUEUE_NAME, ...scheduled.map(({ type }) => queueOf(type))]);
    for (const name of names) await applySchedules(this.queues.open(name), types, queueOf);
  }
}

const stateOf = ({ settings, isOffAtRunTime }: JobType): string =>
  JSON.stringify([settings.priority, settings.enabled, isOffAtRunTime]);
