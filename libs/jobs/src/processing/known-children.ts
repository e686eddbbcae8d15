import type { Job } from 'bullmq';
import type { ChildOutcome } from '../framework/index.js';
import { backendOf, type JobQueue } from './job-queue.js';

/** What became of the children of a job that have ended, by their ids, which tell them apart in whichever queue they are. */
export async function endedChildren(queue: JobQueue, job: Job): Promise<ReadonlyMap<string, ChildOutcome>> {
  const [results, failures] = await Promise.all([job.getChildrenValues(), job.getIgnoredChildrenFailures()]);
  const ended = new Map<string, ChildOutcome>();
  for (const [key, result] of Object.entries(results)) {
    const { id } = backendOf(queue).parseNodeKey(key);
    ended.set(id, { id, status: 'completed', result });
  }
  for (const [key, error] of Object.entries(failures)) {
    const { id } = backendOf(queue).parseNodeKey(key);
    ended.set(id, { id, status: 'failed', error: String(error) });
  }
  return ended;
}

/** Names of the queues of a job's other children, by their ids: of those that run or wait, and those whose failure fails it. */
export async function queuesOfChildren(queue: JobQueue, job: Job): Promise<ReadonlyMap<string, string>> {
  const { unprocessed = [], failed = [] } = await job.getDependencies();
  const nodes = [...unprocessed, ...failed].map((key) => backendOf(queue).parseNodeKey(key));
  return new Map(nodes.map(({ id, queueName }) => [id, queueName]));
}
