import { randomBytes } from 'node:crypto';
import { Batcher, REFUSED } from './batcher.js';
import { refusedError } from './codes.js';
import { JobEncoder, jobArguments, type EncodedJob } from './job-arguments.js';
import { fromBull, type BullEntry, type NewJob } from './new-job.js';
import type { Scripts } from './scripts.js';
import type { StoreOptions } from './store-options.js';

/** What became of a job: see {@link Adding.add}; an error is that of a key of the wrong type. */
type Answer = string | number | Error;

/** Jobs of one caller that travel in the same call. */
interface Operation {
  jobs: EncodedJob[];
  bytes: number;
}

/** Answer for a job that was rejected because its id exists. */
const EXISTS = -1;
/** Jobs and bytes that travel in one script call at most, so that no call holds Redis for long. */
const MAX_JOBS_A_CALL = 200;
const MAX_BYTES_A_CALL = 2 * 1024 * 1024;

/** Adopts all that legacy services have added, a bounded number a call. */
export async function adoptAll(scripts: Scripts, thorough = false): Promise<void> {
  while ((await scripts.run<number>('adoptAdded', thorough ? '1' : '0')) === 1);
}

/** Adding jobs to one queue: what is waiting in the same turn of the event loop travels in one call. */
export class Adding {
  private readonly sender = randomBytes(8).toString('base64url');
  /** Rises when what was refused is sent again, see `addJobs.lua`. */
  private turn = 0;
  private readonly batcher: Batcher<Operation, Answer[]>;

  /** @param scripts of a client that works until {@link close} has ended. */
  constructor(
    private readonly scripts: Scripts,
    private readonly options: StoreOptions,
  ) {
    this.batcher = new Batcher({
      send: (operations) => this.send(operations),
      recover: () => this.recover(),
      maxOperations: MAX_JOBS_A_CALL,
      maxBytes: MAX_BYTES_A_CALL,
      bytesOf: ({ bytes }) => bytes,
      weightOf: ({ jobs }) => jobs.length,
    });
  }

  /**
   * Adds jobs in order; all are validated before any is sent.
   *
   * @returns one answer per job: its id (or that of the job it was dropped for), -1 (rejected, the id exists), -3 (not
   *   replaced, it runs), -5 (its parent is missing) or -7 (it has another parent).
   * @throws {WrongKeyTypeError} for the first job that met a key of the wrong type; the others are added.
   */
  async add(jobs: readonly NewJob[]): Promise<(string | number)[]> {
    const answers = await this.answers(jobs, (job) => job);
    for (const answer of answers) if (answer instanceof Error) throw answer;
    return answers as (string | number)[];
  }

  /**
   * Adds jobs as BullMQ's `Queue` hands them over; an id that exists is returned and its job kept.
   *
   * @throws the error of the first job that was refused; the others are added.
   */
  async addBull(entries: readonly BullEntry[]): Promise<string[]> {
    const answers = await this.answers(entries, fromBull);
    for (const [at, answer] of answers.entries()) this.check(answer, entries[at] as BullEntry);
    return answers as string[];
  }

  /**
   * Adds jobs as BullMQ's `Queue` hands them over, but leaves alone what exists under the id of one.
   *
   * @returns for each whether it was added.
   * @throws the error of the first job that was refused for another reason; the others are added.
   */
  async addNew(entries: readonly BullEntry[]): Promise<boolean[]> {
    const answers = await this.answers(entries, (entry) => ({ ...fromBull(entry), onExisting: 'reject' }));
    return answers.map((answer, at) => {
      if (answer !== EXISTS) this.check(answer, entries[at] as BullEntry);
      return answer !== EXISTS;
    });
  }

  /** Takes no more jobs. @returns a promise of when those that were taken have their answers, unless they have them. */
  close(): Promise<void> | undefined {
    return this.batcher.close();
  }

  /** @throws the error that an answer other than an id stands for. */
  private check(answer: Answer, { job, jobId }: BullEntry): void {
    if (typeof answer === 'string') return;
    if (answer instanceof Error) throw answer;
    throw refusedError(answer, { jobId, parentKey: job.parentKey, command: 'addJob' });
  }

  private async answers<T>(items: readonly T[], toJob: (item: T) => NewJob): Promise<Answer[]> {
    this.batcher.checkOpen();
    const operations = this.operations(items, toJob);
    const [only] = operations;
    if (only && operations.length === 1) return this.batcher.add(only);
    // All are waited for: a caller that is told of an error can rely on that nothing of it is on its way.
    const outcomes = await Promise.allSettled(operations.map((operation) => this.batcher.add(operation)));
    return outcomes.flatMap((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    });
  }

  /** Encodes all jobs, so that nothing is sent when one is not valid, and cuts a long row into calls. */
  private operations<T>(items: readonly T[], toJob: (item: T) => NewJob): Operation[] {
    const operations: Operation[] = [];
    const encoder = new JobEncoder(this.options);
    let last: Operation | undefined;
    for (const item of items) {
      const encoded = encoder.encode(toJob(item));
      const bytes = encoded.data.length + encoded.document.length;
      if (!last || last.jobs.length === MAX_JOBS_A_CALL || last.bytes + bytes > MAX_BYTES_A_CALL) {
        last = { jobs: [], bytes: 0 };
        operations.push(last);
      }
      last.jobs.push(encoded);
      last.bytes += bytes;
    }
    return operations;
  }

  private async send(operations: readonly Operation[]): Promise<Answer[][] | typeof REFUSED> {
    const jobs = operations.flatMap((operation) => operation.jobs);
    const args = [`${this.sender}:${this.turn}`, ...jobArguments(jobs)];
    const told = await this.scripts.runList<(string | number | [string])[] | 1>('addJobs', args);
    if (told === 1) return REFUSED;
    const answers: Answer[] = [];
    for (const [at, answer] of told.entries()) {
      if (typeof answer === 'object') {
        const error = await this.scripts.explained(new Error(answer[0]), [jobs[at]?.id ?? '']);
        answers.push(error as Error);
      } else {
        answers.push(answer);
      }
    }
    let from = 0;
    return operations.map((operation) => answers.slice(from, (from += operation.jobs.length)));
  }

  /** Nothing is in flight: what is sent from now on need not be refused for what was refused before. */
  private async recover(): Promise<void> {
    this.turn += 1;
    await adoptAll(this.scripts);
  }
}
