import { defaultRepeatStrategy, type JobsOptions, type RepeatOptions, type RepeatStrategy } from 'bullmq';
import { InvalidOptionError } from '../errors/index.js';
import type { Schedulers } from './schedulers.js';
import type { Scripts } from './scripts.js';

/** Schedulers looked at in one call. */
const PAGE = 100;

/** Options of a run as BullMQ's job schedulers write them. */
type RunOptions = JobsOptions & { repeat?: RepeatOptions; prevMillis?: number };

/**
 * A scheduler that stopped: id, its current run, name, interval, that run's options, '1' for a strategy not all
 * have, '1' when a worker of Drover's started the run or may have.
 */
type Overdue = [string, string, string, string, string, string, string];

/** How long a worker that started a run has time to make the next one itself. */
const PATIENCE_MS = 1000;

/**
 * Keeps schedules going where legacy services run the jobs. In BullMQ the worker that starts a run makes the next
 * one; a legacy service does not, and without this a schedule would end with the first run it takes.
 */
export class ScheduleKeeper {
  /** Runs that workers of Drover's started and that are still the current ones, by when this was first seen. */
  private waitingFor = new Map<string, number>();

  constructor(
    private readonly scripts: Scripts,
    private readonly schedulers: Schedulers,
    private readonly strategy?: RepeatStrategy,
  ) {}

  /**
   * Makes the next run of every scheduler whose current one is due and has been started, or ended, or is gone.
   * Any number of processes may do so at once: each run is made once. Runs that were missed are not made up for.
   *
   * @returns ids of the runs made.
   * @throws the first error, after all schedulers have had their turn.
   */
  async goOn(): Promise<string[]> {
    const made: string[] = [];
    const errors: Error[] = [];
    const waitingFor = new Map<string, number>();
    // All are found before the first is made: that moves them, and their ranks with them.
    for (const one of await this.overdue()) {
      if (this.isEarly(one, waitingFor)) continue;
      try {
        const id = await this.makeNext(one);
        if (id !== null) made.push(id);
      } catch (error) {
        errors.push(
          new Error(`scheduler ${one[0]} cannot go on: ${(error as Error).message}`, { cause: error }),
        );
      }
    }
    this.waitingFor = waitingFor;
    if (errors[0]) throw errors[0];
    return made;
  }

  /**
   * Makes runs of a paused scheduler again, from the next one after now on.
   *
   * @returns false when it is not paused; undefined when there is none.
   * @throws {InvalidOptionError} for one whose times come from a strategy that this process does not have.
   */
  async resume(id: string): Promise<boolean | undefined> {
    const { run = '{}', name = '', every, strategy, taken } = await this.schedulers.fields(id);
    if (strategy === '1' && !this.strategy) {
      throw new InvalidOptionError(
        `scheduler ${id} has times of its own, which only the program that made it knows`,
      );
    }
    const opts = JSON.parse(run) as RunOptions;
    const repeat = opts.repeat ?? {};
    const now = Date.now();
    const count = (repeat.count ?? 1) + (taken === '1' ? 0 : 1);
    const next = every === undefined ? await this.timeAfter(now, repeat, name) : undefined;
    const hasEnded = isOver(repeat, count, now) || (every === undefined && next === undefined);
    const nextOpts = { ...opts, prevMillis: next, timestamp: now, repeat: { ...repeat, count } };
    const answer = await this.schedulers.resume(id, next, hasEnded, nextOpts as JobsOptions);
    return answer === -1 ? undefined : answer !== 0;
  }

  private async overdue(): Promise<Overdue[]> {
    const found: Overdue[] = [];
    for (let rank = 0; ; rank += PAGE) {
      const [looked, ...some] = await this.scripts.run<[number, ...Overdue[]]>('overdue', rank, PAGE);
      found.push(...some);
      if (looked < PAGE) return found;
    }
  }

  private isEarly([, run, , , , , isOurs]: Overdue, waitingFor: Map<string, number>): boolean {
    if (isOurs !== '1') return false;
    const since = this.waitingFor.get(run) ?? performance.now();
    waitingFor.set(run, since);
    return performance.now() - since < PATIENCE_MS;
  }

  private async makeNext([id, current, name, every, run, custom]: Overdue): Promise<string | null> {
    // Its times can only come from a process that was given the same strategy.
    if (custom === '1' && !this.strategy) return null;
    const opts = JSON.parse(run) as RunOptions;
    const repeat = opts.repeat ?? {};
    const now = Date.now();
    const count = (repeat.count ?? 1) + 1;
    if (isOver(repeat, count, now)) return null;
    const from = Math.max(opts.prevMillis ?? 0, now);
    const next = every === '' ? await this.timeAfter(from, repeat, name) : undefined;
    if (every === '' && next === undefined) return null;
    const nextOpts = { ...opts, prevMillis: next, timestamp: now, repeat: { ...repeat, count } };
    return this.schedulers.next(id, next, nextOpts as JobsOptions, current, true);
  }

  private async timeAfter(from: number, repeat: RepeatOptions, name: string): Promise<number | undefined> {
    const strategy = this.strategy ?? defaultRepeatStrategy;
    const next = await strategy(from, repeat, name);
    return next === undefined ? undefined : Math.max(next, from);
  }
}

const isOver = ({ limit, endDate }: RepeatOptions, count: number, now: number) =>
  (limit !== undefined && limit !== null && count > limit) ||
  (endDate !== undefined && endDate !== null && now > new Date(endDate).getTime());
