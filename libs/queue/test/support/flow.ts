import { FlowProducer, type FlowJob, type JobsOptions } from 'bullmq';
import { waitFor } from '../../../../tests/support/wait.js';
import type { Stand } from './stand.js';

const createProducer = (stand: Stand) => new FlowProducer(stand.bullOptions(), stand.factory());

/** BullMQ's producer of flows, on the stand's Redis and prefix. */
export function producerOf(stand: Stand): ReturnType<typeof createProducer> {
  const producer = createProducer(stand);
  producer.on('error', () => undefined);
  return stand.keep(producer);
}

/** Options of a child whose failure does something to its parent. */
export type OnFailure =
  | 'failParentOnFailure'
  | 'continueParentOnFailure'
  | 'ignoreDependencyOnFailure'
  | 'removeDependencyOnFailure';

export interface FamilyOptions {
  parent?: JobsOptions;
  /** Of each child. */
  child?: JobsOptions;
}

/** A parent `parent` and its children, all in the stand's queue. */
export function family(
  stand: Stand,
  children: readonly string[] = ['a', 'b'],
  { parent = {}, child = {} }: FamilyOptions = {},
): FlowJob {
  return {
    name: 'sum',
    queueName: stand.name,
    data: { of: children.length },
    opts: { jobId: 'parent', ...parent },
    children: children.map((id) => ({
      name: 'part',
      queueName: stand.name,
      data: { part: id },
      opts: { jobId: id, ...child },
    })),
  };
}

/** Adds what {@link family} gives. */
export async function addFamily(
  stand: Stand,
  children?: readonly string[],
  options?: FamilyOptions,
): Promise<void> {
  await producerOf(stand).add(family(stand, children, options));
}

/** Where the stand's job `id` stands: `['waiting-children']` for a parent that waits. */
export const PARENT_WAITS = ['waiting-children'];

/** A worker whose jobs result in what their children gave, or in `own` where there are none. */
export function summing(stand: Stand, own: unknown = 'ran') {
  return stand.newWorker(async (job) => {
    const values = await job.getChildrenValues();
    return Object.keys(values).length > 0 ? values : own;
  });
}

/** Adds `parent` to the stand's queue and its only child `a` to the queue `parts` of the same prefix. */
export async function addOverTwoQueues(stand: Stand): Promise<void> {
  await producerOf(stand).add({
    name: 'sum',
    queueName: 'jobs',
    opts: { jobId: 'parent' },
    children: [{ name: 'part', queueName: 'parts', opts: { jobId: 'a' } }],
  });
}

/** Lets legacy take the next job, which must be `id`, and end it. */
export async function legacyRuns(
  stand: Stand,
  id: string,
  end: 'complete' | 'fail' = 'complete',
  result?: unknown,
): Promise<void> {
  const job = await stand.legacy.dequeue();
  if (job?.id !== id) throw new Error(`legacy popped ${job?.id}, not ${id}`);
  if (result !== undefined) await stand.legacy.saveResult(id, result);
  await stand.legacy[end](id);
}

export function statusIs(stand: Stand, id: string, status: string): Promise<unknown> {
  return waitFor(async () => (await stand.status(id)) === status, {
    what: `job ${id} being ${status}`,
    timeoutMs: 8000,
  });
}

/** Keys that belong to jobs, by their names behind the base; those of the whole queue are left out. */
export async function jobKeys(stand: Stand): Promise<string[]> {
  return Object.keys(await stand.keyspace()).filter((name) => name.includes(':'));
}

/** What FlowProducer hands to the store for a parent with one level of children: one call, without a producer. */
export function entries({ prefix }: Stand, { opts, children = [], queueName, name }: FlowJob) {
  const job = (node: FlowJob, extra: object) => ({
    jobData: {
      name: node.name,
      data: '{}',
      opts: { ...node.opts },
      timestamp: Date.now(),
      ...extra,
    } as never,
    jobId: String(node.opts?.jobId),
    prefix,
    queueName,
    parentKeyOpts: {},
  });
  const parentKey = `${prefix}:${queueName}:${opts?.jobId}`;
  const parent = { id: String(opts?.jobId), queueKey: `${prefix}:${queueName}` };
  return [
    { ...job({ name, queueName, opts } as FlowJob, {}), parentKeyOpts: { addToWaitingChildren: true } },
    ...children.map((child) => job(child, { parentKey, parent })),
  ];
}

/** Ids of the children that the parent waits for. */
export async function awaited(stand: Stand, parent = 'parent'): Promise<string[]> {
  const keys = await stand.redis.smembers(stand.key(`pending:${parent}`));
  return keys.map((key) => key.slice(stand.base.length)).sort();
}
