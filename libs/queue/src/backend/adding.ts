import type { DeduplicationOptions, JobJson, ParentKeyOpts } from 'bullmq';
import { contractPriority } from '#libs/contracts';
import { InvalidOptionError } from '../errors/index.js';
import { refusedError } from './codes.js';
import type { ScriptArgument, ScriptCall, Scripts } from './scripts.js';
import type { StoreOptions } from './store-options.js';
import {
  checkDeduplication,
  checkDelay,
  checkJobId,
  checkPriority,
  checkSize,
  checkType,
} from './validate.js';

/** A job to add. */
export interface NewJob {
  /** Empty or absent: the next number. */
  id?: string;
  /** Its type; empty for a legacy document that names none. */
  name: string;
  /** Payload as JSON text; empty for a legacy document, whose handler gets the whole document. */
  data: string;
  /** BullMQ's job options, kept with the job. */
  opts: object;
  /** Time of creation in ms. */
  timestamp: number;
  /** Milliseconds until it is ready. */
  delay?: number;
  /** Contract priority. */
  priority: number;
  /** Before all others of its priority. */
  lifo?: boolean;
  /** What happens when the id exists: keep that job (default), reject this one, or replace it unless it runs. */
  onExisting?: 'keep' | 'reject' | 'replace';
  /** JSON text of the document; absent: composed from the rest. */
  document?: string;
  /** What only some jobs have. */
  extras?: Extras;
}

/** Ties of a job to others. */
export interface Extras {
  /** Key of the job that waits for this one, and what BullMQ notes of it as JSON text. */
  parentKey?: string;
  parent?: string;
  /** It waits for children that are added after it. */
  waitsForChildren?: true;
  /** Scheduler that made it. */
  repeatJobKey?: string;
  deduplicationId?: string;
  deduplication?: DeduplicationOptions;
}

/** A job as BullMQ's classes hand it over. */
export interface BullEntry {
  job: JobJson;
  jobId: string | undefined;
  parentKeyOpts?: ParentKeyOpts | undefined;
}

/** Jobs and bytes that travel in one script call at most, so that no call holds Redis for long. */
const MAX_JOBS_A_CALL = 200;
const MAX_BYTES_A_CALL = 2 * 1024 * 1024;

/** Adopts all that legacy services have added, a bounded number a call. */
export async function adoptAll(scripts: Scripts, thorough = false): Promise<void> {
  while ((await scripts.run<number>('adoptAdded', thorough ? '1' : '0')) === 1);
}

/** Adding jobs to one queue. */
export class Adding {
  constructor(
    private readonly scripts: Scripts,
    private readonly options: StoreOptions,
  ) {}

  /**
   * Adds jobs in order; all are validated before any is sent.
   *
   * @returns one answer per job: its id (or that of the job it was dropped for), -1 (rejected, the id exists), -3 (not
   *   replaced, it runs), -5 (its parent is missing) or -7 (it has another parent).
   */
  async add(jobs: readonly NewJob[]): Promise<(string | number)[]> {
    const calls = this.calls(jobs);
    const answers = await this.scripts.runAll<(string | number)[] | 1>(calls);
    // Part of a large backlog may be adopted only after a call was refused: those after it were not, so
    // each is sent again in turn.
    for (const [at, call] of calls.entries()) {
      while (answers[at] === 1) {
        await adoptAll(this.scripts);
        answers[at] = await this.scripts.run<(string | number)[] | 1>(call.script, ...call.args);
      }
    }
    return answers.flat();
  }

  /**
   * Adds jobs as BullMQ's `Queue` hands them over; an id that exists is returned and its job kept.
   *
   * @throws the error of the first job that was refused; the others are added.
   */
  async addBull(entries: readonly BullEntry[]): Promise<string[]> {
    const answers = await this.add(entries.map((entry) => fromBull(entry)));
    for (const [at, answer] of answers.entries()) {
      if (typeof answer === 'string') continue;
      const { job, jobId } = entries[at] as BullEntry;
      throw refusedError(answer, { jobId, parentKey: job.parentKey, command: 'addJob' });
    }
    return answers as string[];
  }

  private calls(jobs: readonly NewJob[]): ScriptCall[] {
    const calls: ScriptCall[] = [];
    let args: ScriptArgument[] = [];
    let count = 0;
    let bytes = 0;
    for (const job of jobs) {
      const size = job.data.length + (job.document?.length ?? 0);
      if (count > 0 && (count === MAX_JOBS_A_CALL || bytes + size > MAX_BYTES_A_CALL)) {
        calls.push({ script: 'addJobs', args });
        [args, count, bytes] = [[], 0, 0];
      }
      args.push(...jobArguments(job, this.options));
      count += 1;
      bytes += size;
    }
    if (count > 0) calls.push({ script: 'addJobs', args });
    return calls;
  }
}

/**
 * A job's arguments in the scripts that add.
 *
 * @throws a typed error that names what is wrong with it.
 */
export function jobArguments(job: NewJob, options: StoreOptions): ScriptArgument[] {
  const delay = job.delay ?? 0;
  if (job.id !== undefined && job.id !== '') checkJobId(job.id);
  if (job.name !== '' || job.document === undefined) checkType(job.name);
  checkDelay(delay, options.maxDelayMs);
  checkPriority(job.priority);
  checkSize(job.document ?? job.data, options.maxDocumentBytes);
  return [
    job.id ?? '',
    job.name,
    job.data,
    JSON.stringify(job.opts),
    job.timestamp,
    new Date(job.timestamp).toISOString(),
    delay,
    job.priority,
    job.lifo ? 'head' : 'tail',
    job.onExisting ?? 'keep',
    job.document ?? '',
    job.extras ? JSON.stringify(job.extras) : '',
  ];
}

/** A job as BullMQ hands it over, which takes an empty id for none. */
export function fromBull({ job, jobId, parentKeyOpts }: BullEntry): NewJob {
  const { opts } = job;
  const extras = extrasOf(job, parentKeyOpts);
  return {
    id: jobId,
    name: job.name,
    data: job.data,
    opts,
    timestamp: job.timestamp,
    delay: opts.delay ?? 0,
    priority: contractPriority(opts.priority ?? 0),
    lifo: opts.lifo === true && !opts.priority,
    ...(extras ? { extras } : {}),
  };
}

function extrasOf(job: JobJson, parentKeyOpts: ParentKeyOpts | undefined): Extras | undefined {
  const { parentKey, parent, repeatJobKey, opts } = job;
  const extras: Extras = {};
  if (parentKey && parent) {
    if (!parent.queueKey || !parent.id || /\p{Surrogate}/u.test(parentKey)) {
      throw new InvalidOptionError(
        `parent ${JSON.stringify(parent)} must have a queue and an id of well-formed Unicode`,
      );
    }
    Object.assign(extras, { parentKey, parent: JSON.stringify(parent) });
  }
  if (parentKeyOpts?.addToWaitingChildren) extras.waitsForChildren = true;
  if (repeatJobKey) extras.repeatJobKey = repeatJobKey;
  const { deduplication } = opts;
  if (deduplication?.id) {
    checkDeduplication(deduplication);
    Object.assign(extras, { deduplicationId: deduplication.id, deduplication });
  }
  return Object.keys(extras).length > 0 ? extras : undefined;
}
