import type { QueueService } from '#libs/queue';
import { WorkerProcess } from '../../e2e/worker-process.js';
import { waitFor } from '../../support/wait.js';

export const completedOf = async (queue: QueueService) => (await queue.jobs.stats()).byStatus.completed;

/** Settings of a worker whose jobs are soon found when it is killed. */
export const shortLeases = (url: string, prefix: string) => ({
  REDIS_URL: url,
  QUEUE_PREFIX: prefix,
  WORKER_CONCURRENCY: '10',
  WORKER_LEASE_SECONDS: '1',
  RECONCILE_SECONDS: '1',
});

/**
 * Starts a worker and kills it while it runs jobs, `kills` times spread over the work; then lets one finish.
 *
 * @param jobs how many there are in all.
 * @returns the last worker, which runs.
 */
export async function killWhileWorking(
  queue: QueueService,
  env: Record<string, string>,
  { jobs, kills }: { jobs: number; kills: number },
): Promise<WorkerProcess> {
  for (let kill = 1; kill <= kills; kill++) {
    const worker = new WorkerProcess(env);
    const enough = (jobs * kill) / (kills + 2);
    try {
      await waitFor(
        async () => (await completedOf(queue)) >= enough && (await queue.getProcessingCount()) > 0,
        {
          what: `${enough} jobs to be completed and one to run`,
          timeoutMs: 20_000,
        },
      );
    } finally {
      await worker.kill();
    }
    expect(await completedOf(queue)).toBeLessThan(jobs);
  }
  const last = await new WorkerProcess(env).ready();
  await waitFor(async () => (await completedOf(queue)) === jobs, {
    what: 'all jobs to be completed',
    timeoutMs: 40_000,
  });
  return last;
}
