import type { JobJson } from 'bullmq';
import { contractPriority } from '#libs/contracts';
import { UnsupportedOperationError } from '../errors/index.js';
import type { ScriptArgument, ScriptCall, Scripts } from './scripts.js';
import type { StoreOptions } from './store-options.js';
import { checkDelay, checkJobId, checkPriority, checkSize, checkType } from './validate.js';

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
}

/** Jobs and bytes that travel in one script call at most, so that no call holds Redis for long. */
const MAX_JOBS_A_CALL = 200;
const MAX_BYTES_A_CALL = 2 * 1024 * 1024;

const LATER_OPTIONS = ['repeatJobKey', 'deduplicationId', 'parentKey'] as const;

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
   * @returns one answer per job: its id, -1 (rejected, the id exists) or -3 (not replaced, it runs).
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

  /** Adds jobs as BullMQ's `Queue` hands them over; an id that exists is returned and its job kept. */
  async addBull(entries: readonly { job: JobJson; jobId: string | undefined }[]): Promise<string[]> {
    const answers = await this.add(entries.map(({ job, jobId }) => this.fromBull(job, jobId)));
    return answers.map(String);
  }

  private fromBull(job: JobJson, jobId: string | undefined): NewJob {
    for (const option of LATER_OPTIONS) {
      if (job[option]) throw new UnsupportedOperationError(`adding a job with ${option}`);
    }
    const { opts } = job;
    // An id that was meant and is empty must not silently become a number.
    if (jobId === '') checkJobId(jobId);
    return {
      id: jobId,
      name: job.name,
      data: job.data,
      opts: persistentOptions(opts),
      timestamp: job.timestamp,
      delay: opts.delay ?? 0,
      priority: contractPriority(opts.priority ?? 0),
      lifo: opts.lifo === true && !opts.priority,
    };
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
      args.push(...this.arguments(job));
      count += 1;
      bytes += size;
    }
    if (count > 0) calls.push({ script: 'addJobs', args });
    return calls;
  }

  private arguments(job: NewJob): ScriptArgument[] {
    const delay = job.delay ?? 0;
    if (job.id !== undefined && job.id !== '') checkJobId(job.id);
    if (job.name !== '' || job.document === undefined) checkType(job.name);
    checkDelay(delay, this.options.maxDelayMs);
    checkPriority(job.priority);
    checkSize(job.document ?? job.data, this.options.maxDocumentBytes);
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
    ];
  }
}

/** What of a job's options is kept: the id stands elsewhere. */
function persistentOptions(opts: JobJson['opts']): object {
  return { ...opts, jobId: undefined };
}
