import type { JobAction, JobView, RemovedJob } from '#libs/contracts';
import type { JobStore } from '#libs/queue';
import type { RemovedArtifacts } from './removed-artifacts.js';

/**
 * Does one action to one job.
 *
 * @param job its id, and its queue where that is not the API's own.
 * @returns the job as it is afterwards; of a removed one, that it was removed.
 * @throws {JobNotFoundError} no such job.
 * @throws {JobStateError} the job's state does not allow it.
 */
export async function actOnJob(
  jobs: JobStore,
  artifacts: RemovedArtifacts,
  { id, queue }: { id: string; queue: string | undefined },
  action: JobAction,
): Promise<JobView | RemovedJob> {
  if (action === 'remove') {
    await jobs.remove(id);
    await artifacts.remove(id, queue);
    return { id, removed: true };
  }
  return jobs[action](id);
}
