import { adoptAll } from '../backend/adding.js';
import type { DroverBackend } from '../backend/drover-backend.js';
import { JobEncoder, jobArguments, type EncodedJob } from '../backend/job-arguments.js';
import { IdempotencyKeyReusedError, IdsTakenError } from '../errors/index.js';
import { fingerprint, toNewJob, type CreateJob } from './create-job.js';

/** A job of a request that adds many. */
export interface ManyJobsEntry {
  job: CreateJob;
  /** Queue it goes to. */
  queue: string;
}

export interface ManyJobsOptions {
  /** What happens when ids are taken: nothing is added, or all others are. */
  onConflict: 'fail' | 'skip';
  /** Key of the request, of the caller's choice, and who it belongs to. */
  once?: { key: string; creator: string };
}

/** What became of a request that adds many jobs. */
export interface ManyJobsAdded {
  /** Ids in order, those of jobs that were left out too. */
  ids: string[];
  /** Places in the request, from 0, of the jobs that were left out since their ids are taken. */
  skipped: number[];
  /** False when an earlier request with the same key has added them. */
  isNew: boolean;
}

/** Jobs of one request: they are added in one step, which holds Redis for well under a second. */
export const MAX_JOBS_TOGETHER = 10_000;
/** How long the key of a request is remembered. */
const REMEMBERED_MS = 86_400_000;

type Told = 1 | [0, (string | number)[]] | [1, number[]] | [2, string, number[]];

/**
 * Adds many jobs of one request, also to several queues, in one step: all of them or none, whatever others do meanwhile and wherever
 * the request is cut off.
 */
export class ManyJobs {
  constructor(private readonly backend: DroverBackend) {}

  /**
   * @returns also with the same key again, for 24 hours, what the first request with it was told.
   * @throws {IdsTakenError} when ids are taken and `onConflict` is `fail`; {IdempotencyKeyReusedError}; a typed error that names what is
   * wrong with a job. Nothing was added then.
   */
  async add(entries: readonly ManyJobsEntry[], options: ManyJobsOptions): Promise<ManyJobsAdded> {
    const { onConflict, once } = options;
    const request = once ? fingerprint([once.creator, once.key]) : '';
    const print = fingerprint([entries, onConflict]);
    const jobs = entries.map((entry, at) =>
      once && entry.job.id === undefined
        ? { ...entry, job: { ...entry.job, id: `once-${request}-${at}` } }
        : entry,
    );
    const told = await this.send(jobs, [onConflict, request, print, REMEMBERED_MS]);
    const idAt = (at: number) => jobs[at]?.job.id ?? '';
    if (told[0] === 1)
      throw new IdsTakenError(told[1].map((number) => ({ index: number - 1, id: idAt(number - 1) })));
    if (told[0] === 2) {
      if (told[1] !== print) throw new IdempotencyKeyReusedError(once?.key ?? '');
      return {
        ids: jobs.map((_, at) => idAt(at)),
        skipped: told[2].map((number) => number - 1),
        isNew: false,
      };
    }
    const skipped = told[1].flatMap((answer, at) => (typeof answer === 'number' ? [at] : []));
    return {
      ids: told[1].map((answer, at) => (typeof answer === 'string' ? answer : idAt(at))),
      skipped,
      isNew: true,
    };
  }

  private async send(
    entries: readonly ManyJobsEntry[],
    head: (string | number)[],
  ): Promise<Exclude<Told, 1>> {
    const { encoded, backends } = this.encode(entries);
    const args = [...head, ...jobArguments(encoded)];
    const bases = backends.map(({ queueKeys }) => queueKeys.base);
    const ids = encoded.map(({ id }) => id);
    for (;;) {
      const told = await this.backend.scripts.runTogether<Told>('addTogether', bases, args, ids);
      if (told !== 1) return told;
      for (const { scripts } of backends) await adoptAll(scripts);
    }
  }

  private encode(entries: readonly ManyJobsEntry[]): { encoded: EncodedJob[]; backends: DroverBackend[] } {
    const queues = [...new Set(entries.map(({ queue }) => queue))];
    const encoder = new JobEncoder(this.backend.storeOptions);
    const now = Date.now();
    const encoded = entries.map(({ job, queue }) =>
      encoder.encode(toNewJob(job, now), queues.indexOf(queue) + 1),
    );
    return { encoded, backends: queues.map((queue) => this.backend.forQueue(queue)) };
  }
}
