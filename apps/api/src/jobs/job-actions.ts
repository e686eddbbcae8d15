import type { JobActionRequest, JobView, RemovedJob } from '#libs/contracts';
import type { JobStore } from '#libs/queue';
import type { RemovedArtifacts } from './removed-artifacts.js';

/** An action, and the job it is done to. */
export interface JobActionTask extends JobActionRequest {
  id: string;
  /** Queue of the job, where that is not the API's own. */
  queue: string | undefined;
  /** Name of who does it. */
  caller: string;
}

/**
 * Does one action to one job.
 *
 * @returns the job as it is afterwards (of `replay`, the new one); of a removed one, that it was removed.
 * @throws {JobNotFoundError} no such job.
 * @throws {JobStateError} the job's state does not allow it.
 */
export async function actOnJob(
  jobs: JobStore,
  artifacts: RemovedArtifacts,
  { action, id, queue, payload, caller }: JobActionTask,
): Promise<JobView | RemovedJob> {
  if (action === 'remove') {
    await jobs.remove(id);
    await artifacts.remove(id, queue);
    return { id, removed: true };
  }
  if (action === 'retry') return jobs.retry(id, payload);
  if (action === 'replay') return jobs.replay(id, caller);
  return jobs[action](id);
}
