import type { JobAction, JobView, RemovedJob } from '#libs/contracts';
import type { JobStore } from '#libs/queue';

/**
 * Does one action to one job.
 *
 * @returns the job as it is afterwards; of a removed one, that it was removed.
 * @throws {JobNotFoundError} no such job.
 * @throws {JobStateError} the job's state does not allow it.
 */
export async function actOnJob(jobs: JobStore, id: string, action: JobAction): Promise<JobView | RemovedJob> {
  if (action === 'remove') {
    await jobs.remove(id);
    return { id, removed: true };
  }
  return jobs[action](id);
}
