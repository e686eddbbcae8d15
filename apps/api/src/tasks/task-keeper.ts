import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { RedisUnavailableError } from '../problems/api-errors.js';
import { RedisGuard } from '../redis/redis-guard.js';
import { TaskRows } from './task-rows.js';
import { TaskRuns } from './task-runs.js';
import { TaskSchedules } from './task-schedules.js';

const INTERVAL_MS = 60_000;
const CHUNK = 100;

/**
 * Keeps what Redis has of tasks as the database says, also after Redis lost it, and notes how jobs of tasks ended before Redis forgets
 * them. Any number of processes may do so.
 */
@Injectable()
export class TaskKeeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Tasks');
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> = Promise.resolve();
  private isClosed = false;

  constructor(
    private readonly rows: TaskRows,
    private readonly runs: TaskRuns,
    private readonly schedules: TaskSchedules,
    private readonly guard: RedisGuard,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.look(), INTERVAL_MS);
    this.timer.unref();
    void this.look();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.timer);
    await this.working;
  }

  /** Looks at all tasks once. Resolves when that is done, or has failed. */
  look(): Promise<void> {
    this.working = this.working
      .then(() => this.lookOnce())
      .catch((error: Error) => {
        // Redis that is away is told of elsewhere.
        if (!this.isClosed && !(error instanceof RedisUnavailableError))
          this.logger.warn(`tasks were not looked after: ${error.message}`);
      });
    return this.working;
  }

  private async lookOnce(): Promise<void> {
    let behind: string | undefined;
    do {
      const tasks = await this.rows.toLookAfter(behind, CHUNK);
      for (const { id } of tasks) {
        if (this.isClosed) return;
        await this.lookAfter(id);
      }
      behind = tasks.length < CHUNK ? undefined : tasks.at(-1)?.id;
    } while (behind !== undefined);
    for (const queue of this.schedules.queueNames) {
      if (this.isClosed) return;
      await this.guard.run(() => this.removeLeftOver(queue), true);
    }
  }

  /** What cannot be done for one task is no reason to leave the others alone. */
  private async lookAfter(id: string): Promise<void> {
    try {
      await this.guard.run(async () => {
        const task = await this.rows.reapply(id, (current) => this.schedules.apply(current));
        if (task) await this.runs.factsOf(task);
      }, true);
    } catch (error) {
      if (error instanceof RedisUnavailableError) throw error;
      this.logger.warn(`the schedule of task ${id} was not set up: ${(error as Error).message}`);
    }
  }

  /** Schedulers whose tasks are gone. */
  private async removeLeftOver(queue: string): Promise<void> {
    const ids = await this.schedules.taskIds(queue);
    const known = await this.rows.existing(ids);
    for (const id of ids) if (!known.has(id)) await this.schedules.removeById(queue, id);
  }
}
