import type { JobAction, JobView, RemovedJob } from '#libs/contracts';
import type { JobStore } from '#libs/queue';
import type { RemovedArtifacts } from './removed-artifacts.js';

/**
 * Does one action to one job.
 *
 * @returns the job as it is afterwards; of a removed one, that it was removed.
 * @throws {JobNotFoundError} no such job.
 * @throws {JobStateError} the job's state does not allow it.
 */
export async function actOnJob(
  jobs: JobStore,
  artifacts: RemovedArtifacts,
  id: string,
  action: JobAction,
): Promise<JobView | RemovedJob> {
  if (action === 'remove') {
    await jobs.remove(id);
    await artifacts.remove(id);
    return { id, removed: true };
  }
  return jobs[action](id);
}
