import { Injectable } from '@nestjs/common';
import type { FlowNode, JobStatus, JobView, Page } from '#libs/contracts';
import { JobNotFoundError, JobViews, type ChildKind, type DroverBackend, type StoredJob } from '#libs/queue';
import type { Caller } from '../access/caller.js';
import { toCursor } from '../http/cursor.js';
import { KnownQueues } from '../redis/known-queues.js';
import { QueueName } from '../redis/queue-name.js';

/** Jobs that one answer shows. */
const MOST_NODES = 1000;
/** Children of one job that are looked at: a flow has no more. */
const MOST_CHILDREN = 100_000;
/** Children whose keys are read for one answer. */
const MOST_KEYS = 200_000;

const STATUS_OF: Record<ChildKind, JobStatus> = {
  pending: 'pending',
  processed: 'completed',
  ignored: 'failed',
  unsuccessful: 'failed',
};

/** How much of a tree is shown. */
export interface TreeSize {
  /** Levels below the job. */
  depth: number;
  /** Children of one job. */
  width: number;
}

/** What is left to be shown. */
interface Budget {
  nodes: number;
  keys: number;
}

interface Place {
  queue: string;
  id: string;
}

/** Trees of jobs as people read them. */
@Injectable()
export class FlowTree {
  constructor(
    private readonly queues: KnownQueues,
    private readonly own: QueueName,
  ) {}

  /**
   * A job and those below it, as many as fit.
   *
   * @throws {JobNotFoundError} when there is no such job, or it is not the caller's to see.
   */
  async show(queue: string | undefined, id: string, size: TreeSize, caller: Caller): Promise<FlowNode> {
    const backend = await this.queues.find(queue);
    const root = await this.root(backend, id, caller);
    const budget = { nodes: MOST_NODES - 1, keys: MOST_KEYS };
    let level = [{ node: root, place: { queue: backend.name, id } }];
    // Level by level: what is near the root is shown first when not all can be.
    for (let depth = 0; level.length > 0; depth++) {
      const below: typeof level = [];
      for (const one of level)
        below.push(...(await this.grow(one, depth < size.depth ? size.width : 0, budget, caller)));
      level = below;
    }
    return root;
  }

  /**
   * Children of a job behind one of them.
   *
   * @param after key of the child before; undefined = from the first one on.
   * @throws {JobNotFoundError} as {@link show}.
   */
  async children(
    queue: string | undefined,
    id: string,
    { after = '', limit }: { after?: string | undefined; limit: number },
    caller: Caller,
  ): Promise<Page<FlowNode>> {
    const backend = await this.queues.find(queue);
    await this.root(backend, id, caller);
    const kinds = (await backend.flowQueries.children(id, MOST_CHILDREN)) ?? new Map<string, ChildKind>();
    const keys = [...kinds.keys()].filter((key) => key > after);
    const page = keys.slice(0, limit);
    const last = keys.length > limit ? page.at(-1) : undefined;
    const items = (await this.nodes(page, kinds, caller)).map(({ node }) => node);
    return { items, ...(last !== undefined && { nextCursor: toCursor(last) }) };
  }

  private async root(backend: DroverBackend, id: string, caller: Caller): Promise<FlowNode> {
    const job = await backend.reading.find(id);
    if (!job || !isVisible(job, caller)) throw new JobNotFoundError(id);
    return this.nodeOf({ queue: backend.name, id }, job, await new JobViews(backend).of(job));
  }

  /** Gives a node its children. @returns those that may have some themselves */
  private async grow(
    { node, place }: { node: FlowNode; place: Place },
    width: number,
    budget: Budget,
    caller: Caller,
  ): Promise<{ node: FlowNode; place: Place }[]> {
    const queries = this.queues.backendOf(place.queue).flowQueries;
    const counted = await queries.counts(place.id, ['unprocessed', 'processed', 'ignored', 'failed']);
    const [pending = 0, completed = 0, ignored = 0, failed = 0] = counted;
    const total = pending + completed + ignored + failed;
    if (total === 0) return [];
    node.childCounts = { pending, completed, ignored, failed };
    const wanted = Math.min(width, budget.nodes);
    if (wanted === 0 || total > budget.keys) {
      node.moreChildren = toCursor('');
      return [];
    }
    budget.keys -= total;
    const kinds = (await queries.children(place.id, MOST_CHILDREN)) ?? new Map<string, ChildKind>();
    const keys = [...kinds.keys()].slice(0, wanted);
    const children = await this.nodes(keys, kinds, caller);
    budget.nodes -= keys.length;
    node.children = children.map((child) => child.node);
    if (kinds.size > keys.length) node.moreChildren = toCursor(keys.at(-1) ?? '');
    return children;
  }

  /** Children as nodes, in the given order, read queue by queue. Those of somebody else are left out for a caller who may not see them. */
  private async nodes(
    keys: readonly string[],
    kinds: ReadonlyMap<string, ChildKind>,
    caller: Caller,
  ): Promise<{ node: FlowNode; place: Place }[]> {
    const places = keys.map((key) => ({ key, ...this.placeOf(key) }));
    const found = new Map<string, { job: StoredJob; view: JobView }>();
    for (const queue of new Set(places.map((place) => place.queue))) {
      const backend = this.queues.backendOf(queue);
      const jobs = await backend.reading.findMany(
        places.filter((one) => one.queue === queue).map(({ id }) => id),
      );
      const views = await new JobViews(backend).ofMany(jobs);
      jobs.forEach((job, at) => found.set(`${queue}:${job.id}`, { job, view: views[at] as JobView }));
    }
    return places.flatMap(({ key, ...place }) => {
      const known = found.get(`${place.queue}:${place.id}`);
      if (!known) {
        if (caller.isLimitedToOwn) return [];
        const status = STATUS_OF[kinds.get(key) ?? 'pending'];
        return [{ place, node: { ...place, kept: false, status } }];
      }
      return isVisible(known.job, caller) ? [{ place, node: this.nodeOf(place, known.job, known.view) }] : [];
    });
  }

  private nodeOf({ queue, id }: Place, job: StoredJob, view: JobView): FlowNode {
    const { type, status, state, progress, error, createdAt, startedAt, finishedAt } = view;
    const parent = job.fields['parentKey'];
    return {
      id,
      queue,
      kept: true,
      type,
      status,
      state,
      progress,
      error,
      createdAt,
      startedAt,
      finishedAt,
      ...(parent !== undefined && { parent: this.placeOf(parent) }),
    };
  }

  /** A child's key is `<prefix>:<queue>:<id>`. */
  private placeOf(key: string): Place {
    const { queueName, id } = this.queues.backendOf(this.own.name).parseNodeKey(key);
    return { queue: queueName, id };
  }
}

/** Whether a caller may see a job: its own, or all. */
function isVisible({ fields }: StoredJob, { isLimitedToOwn, name }: Caller): boolean {
  if (!isLimitedToOwn) return true;
  try {
    return (JSON.parse(fields['opts'] ?? '{}') as { creator?: unknown }).creator === name;
  } catch {
    return false;
  }
}
