import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { BulkJobsAdded, BulkJobsRequest, FieldError } from '#libs/contracts';
import { IdsTakenError, QueueService, type ManyJobsEntry } from '#libs/queue';
import type { Caller } from '../access/caller.js';
import { assertIdempotencyKey } from '../http/idempotency-key.js';
import { BodyTooLargeError, InvalidRequestError } from '../problems/api-errors.js';
import { checkPayload } from '../types/check-payload.js';
import { toCreateJob } from './create-job.js';
import { idsExist } from './ids-exist.js';
import { JobTargets, type JobTarget } from './job-targets.js';

/** What is told of one request. */
const MOST_ERRORS = 50;
/** Jobs that are looked at before others have their turn. */
const A_TURN = 200;

/** Adds the jobs of one request: all of them, or none. */
@Injectable()
export class CreateMany {
  constructor(
    private readonly targets: JobTargets,
    private readonly queue: QueueService,
  ) {}

  /**
   * @param key of the request, of the caller's choice.
   * @returns what was added, and whether by this request.
   * @throws {InvalidRequestError} naming the jobs that are wrong; {IdsExistError}; {IdempotencyKeyReusedError}. Nothing was added then.
   */
  async create(
    request: BulkJobsRequest,
    caller: Caller,
    key: string | undefined,
  ): Promise<{ added: BulkJobsAdded; isNew: boolean }> {
    assertIdempotencyKey(key);
    const entries = await this.entries(request, caller);
    const once = key === undefined ? {} : { once: { key, creator: caller.name } };
    try {
      const { onConflict } = request;
      const { ids, skipped, isNew } = await this.queue.jobs.createMany(entries, { onConflict, ...once });
      const left = skipped.map((index) => ({ index, id: ids[index] ?? '' }));
      return { added: { ids, created: ids.length - left.length, skipped: left }, isNew };
    } catch (error) {
      throw error instanceof IdsTakenError ? idsExist(error, 'jobs') : error;
    }
  }

  private async entries({ jobs, queue }: BulkJobsRequest, caller: Caller): Promise<ManyJobsEntry[]> {
    const targets = new Map<string, Promise<JobTarget>>();
    const entries: ManyJobsEntry[] = [];
    const errors: FieldError[] = [];
    for (const [index, job] of jobs.entries()) {
      if (index % A_TURN === A_TURN - 1) await setImmediate();
      const target = targets.get(job.type) ?? this.targets.find(job.type, queue);
      targets.set(job.type, target);
      const { queue: home, type } = await target;
      try {
        if (type) checkPayload(type, job.payload ?? {});
        entries.push({ job: { ...toCreateJob(job, type), creator: caller.name }, queue: home });
      } catch (error) {
        errors.push(...errorsOf(error, index));
        if (errors.length >= MOST_ERRORS) break;
      }
    }
    if (errors.length > 0) throw new InvalidRequestError(errors.slice(0, MOST_ERRORS));
    return entries;
  }
}

/** What is wrong with one job, by its place in the request. */
function errorsOf(error: unknown, index: number): FieldError[] {
  if (error instanceof InvalidRequestError) {
    return error.errors.map(({ path, message }) => ({ path: `jobs.${index}.${path}`, message }));
  }
  if (error instanceof BodyTooLargeError) return [{ path: `jobs.${index}.payload`, message: error.message }];
  throw error;
}
