import type { JobsOptions, RepeatableOptions, RepeatOptions, RepeatStrategy } from 'bullmq';
import { contractPriority } from '#libs/contracts';
import { SchedulerExistsError } from '../errors/index.js';
import { adoptAll } from './adding.js';
import { accepted } from './codes.js';
import type { QueueKeys } from './keys.js';
import { checkScheduler, checkTime } from './scheduler-input.js';
import type { ScriptName } from './script-loader.js';
import type { RedisClient, ScriptArgument, Scripts } from './scripts.js';
import type { StoreOptions } from './store-options.js';
import { checkPriority, checkSize, checkType } from './validate.js';

/** What every run of a scheduler is made from: payload as JSON text, and options. */
export interface RunTemplate {
  data: string;
  opts: JobsOptions;
}

/** How a scheduler repeats, and whether one of its id must not be there yet. */
export type NewSchedulerOptions = RepeatOptions & { mustBeNew?: boolean };

/** Answer of the script when there is a scheduler that must be new. */
const EXISTS = 2;

/** Whether an id has the form of a scheduler's run. */
export const isRun = (id: string) => id.startsWith('repeat:');

/**
 * Job schedulers of one queue. Each has one current run, `repeat:<scheduler>:<ms>`, delayed until its time; the
 * run after it is made when somebody starts the current one.
 */
export class Schedulers {
  constructor(
    private readonly scripts: Scripts,
    private readonly client: () => Promise<RedisClient>,
    private readonly keys: QueueKeys,
    private readonly options: StoreOptions,
    private readonly strategy?: RepeatStrategy,
  ) {}

  /**
   * Adds a scheduler, or changes one, and makes its next run; one that has not started is replaced.
   *
   * @param nextMillis time of the next run; ignored when `settings.every` is given.
   * @param runOpts options of the next run.
   * @returns the run's id and its delay in ms.
   * @throws {InvalidOptionError} for settings that make no sense.
   * @throws {SchedulerExistsError} when it must be new ({@link NewSchedulerOptions}), and is not.
   * @throws {JobTransitionError} -10 or -11 when the run's id belongs to another job.
   */
  async upsert(
    id: string,
    nextMillis: number,
    template: RunTemplate,
    settings: RepeatableOptions,
    runOpts: JobsOptions,
  ): Promise<[string, number]> {
    const { every, offset, startDate, name } = settings;
    checkScheduler(id, settings);
    checkType(name);
    checkSize(template.data, this.options.maxDocumentBytes);
    if (every === undefined) checkTime(nextMillis, `next run of scheduler ${id}`);
    const { repeat: given } = runOpts as { repeat?: RepeatOptions };
    const { mustBeNew, ...repeat } = (given ?? {}) as NewSchedulerOptions;
    const answer = await this.whenAdopted<[string, number] | number>(
      'addJobScheduler',
      id,
      every === undefined ? nextMillis : '',
      every ?? '',
      offset ?? 0,
      startDate ?? '',
      name,
      template.data,
      ...runArguments({ ...runOpts, ...(given && { repeat }) }),
      mustBeNew === true ? '1' : '0',
      ...this.stored(settings, template),
    );
    if (answer === EXISTS) throw new SchedulerExistsError(id);
    return accepted(answer, { jobId: id, command: 'addJobScheduler' }) as [string, number];
  }

  /**
   * Makes the run after `producerId`, if that is the scheduler's current one.
   *
   * @param looksAfter only when the current run is not to come any more: it started, ended or is gone.
   * @returns its id, or null when nothing was made.
   */
  async next(
    id: string,
    nextMillis: number | undefined,
    runOpts: JobsOptions,
    producerId: string,
    looksAfter = false,
  ): Promise<string | null> {
    return this.whenAdopted<string | null>(
      'nextRun',
      id,
      producerId,
      nextMillis ?? '',
      looksAfter ? '1' : '0',
      ...runArguments(runOpts),
    );
  }

  /** Removes a scheduler, and its next run while that is delayed. @returns 0, or 1 when there is none. */
  remove(id: string): Promise<number> {
    return this.scripts.run<number>('removeJobScheduler', id);
  }

  /** Makes no run of a scheduler any more, until it is resumed. @returns 0, 1 when there is none, 2 when it was paused already. */
  pause(id: string): Promise<number> {
    return this.scripts.run<number>('pauseJobScheduler', id);
  }

  /**
   * Makes runs of a paused scheduler again.
   *
   * @param nextMillis time of the next run; ignored with an interval, `undefined` = there is none to come.
   * @returns id of the next run, '' for none; 0 when it is not paused, -1 when there is none.
   * @throws {JobTransitionError} -11 when ids of its next runs are taken.
   */
  async resume(
    id: string,
    nextMillis: number | undefined,
    hasEnded: boolean,
    runOpts: JobsOptions,
  ): Promise<string | 0 | -1> {
    const answer = await this.whenAdopted<[string] | number>(
      'resumeJobScheduler',
      id,
      nextMillis ?? '',
      hasEnded ? '1' : '0',
      ...runArguments(runOpts),
    );
    if (answer === 0 || answer === -1) return answer;
    return (accepted(answer, { jobId: id, command: 'addJobScheduler' }) as [string])[0];
  }

  /** @returns flat fields and the time of the current run, as text; nulls when there is none. */
  find(id: string): Promise<[string[] | null, string | null]> {
    return this.scripts.run<[string[] | null, string | null]>('getJobScheduler', id);
  }

  async exists(id: string): Promise<boolean> {
    return (await (await this.client()).hexists(this.keys.scheduler(id), 'ic')) === 1;
  }

  async fields(id: string): Promise<Record<string, string>> {
    return (await this.client()).hgetall(this.keys.scheduler(id));
  }

  /** @returns ids and times in turn, by the time of the current run. */
  async range(start: number, end: number, asc: boolean): Promise<string[]> {
    const client = await this.client();
    const key = this.keys.key('schedulers');
    return asc
      ? client.zrange(key, start, end, 'WITHSCORES')
      : client.zrevrange(key, start, end, 'WITHSCORES');
  }

  async count(): Promise<number> {
    return (await this.client()).zcard(this.keys.key('schedulers'));
  }

  /** What the scheduler's hash gets besides what the script writes. */
  private stored(
    { tz, limit, pattern, startDate, endDate, every }: RepeatableOptions,
    template: RunTemplate,
  ) {
    const opts = JSON.stringify(template.opts);
    const fields: Record<string, ScriptArgument | undefined> = {
      tz,
      limit,
      pattern,
      startDate,
      endDate,
      every,
      opts: opts === '{}' ? undefined : opts,
      data: template.data === '{}' ? undefined : template.data,
      strategy: this.strategy && pattern ? '1' : undefined,
    };
    return Object.entries(fields).flatMap(([name, value]): ScriptArgument[] =>
      value === undefined || value === null ? [] : [name, value],
    );
  }

  /** Runs a script that answers 1 as long as legacy services' jobs must be adopted first. */
  private async whenAdopted<T>(script: ScriptName, ...args: ScriptArgument[]): Promise<T> {
    for (;;) {
      const answer = await this.scripts.run<T | 1>(script, ...args);
      if (answer !== 1) return answer;
      await adoptAll(this.scripts);
    }
  }
}

/** Options (the script decides delay and id), created_at, contract priority, place. */
function runArguments(opts: JobsOptions): ScriptArgument[] {
  const priority = contractPriority(opts.priority ?? 0);
  checkPriority(priority);
  return [
    JSON.stringify({ ...opts, delay: undefined, jobId: undefined }),
    new Date(Date.now()).toISOString(),
    priority,
    opts.lifo === true && !opts.priority ? 'head' : 'tail',
  ];
}
