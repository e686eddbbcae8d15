import type { JobView } from '#libs/contracts';
import type { CreateJob, JobStore } from '#libs/queue';
import { assertIdempotencyKey } from '../http/idempotency-key.js';
import { InvalidRequestError } from '../problems/api-errors.js';

/**
 * Adds a job; with a key, only once for that key.
 *
 * @throws {InvalidRequestError} for a key that is none, or beside an id.
 */
export async function addJob(
  jobs: JobStore,
  job: CreateJob,
  key: string | undefined,
): Promise<{ job: JobView; created: boolean }> {
  if (key === undefined) return { job: await jobs.create(job), created: true };
  assertIdempotencyKey(key);
  if (job.id !== undefined) {
    throw new InvalidRequestError([
      { path: 'id', message: 'cannot be given with an Idempotency-Key, which stands for one' },
    ]);
  }
  return jobs.createOnce(key, job);
}
