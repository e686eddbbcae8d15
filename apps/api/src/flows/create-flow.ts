import { createHash, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { FlowProducer, type FlowJob } from 'bullmq';
import {
  REST_DEFAULTS,
  type ChildFailure,
  type CreatedFlow,
  type FieldError,
  type FlowNodeInput,
} from '#libs/contracts';
import {
  IdempotencyKeyReusedError,
  jobOptions,
  JobExistsError,
  QueueService,
  type DroverBackend,
  type FlowRootOptions,
} from '#libs/queue';
import { toCreateJob } from '../jobs/create-job.js';
import { JobTargets, type JobTarget } from '../jobs/job-targets.js';
import { InvalidRequestError } from '../problems/api-errors.js';
import { QueueName } from '../redis/queue-name.js';
import { checkPayload } from '../types/check-payload.js';

/** Faults of one request that are told. */
const MOST_ERRORS = 50;

/** BullMQ's words for what a child's failure does. */
const ON_FAILURE: Record<ChildFailure, object> = {
  fail: { failParentOnFailure: true },
  continue: { continueParentOnFailure: true },
  ignore: { ignoreDependencyOnFailure: true },
  remove: { removeDependencyOnFailure: true },
  wait: {},
};

/** A node with where it stands in the request, and what its queue's workers say of its type. */
interface Placed {
  node: FlowNodeInput;
  path: string;
  target: JobTarget;
  children: Placed[];
}

/** Adds flows, all of their jobs or none. */
@Injectable()
export class FlowWriter {
  private readonly producer: FlowProducer<DroverBackend>;

  constructor(
    private readonly queue: QueueService,
    own: QueueName,
    private readonly targets: JobTargets,
  ) {
    // A producer has no queue: each job names its own.
    const factory = () => queue.backend.forQueue('');
    this.producer = new FlowProducer<DroverBackend>({ connection: {}, prefix: own.prefix }, factory);
  }

  /**
   * Checks every job of a flow as a single one is checked, then adds them in one step.
   *
   * @param key with it the flow is added once, as long as its root is kept, which has an id that follows from the key.
   * @throws {InvalidRequestError} naming the jobs and parts of them that cannot be; {BodyTooLargeError};
   * {IdempotencyKeyReusedError} when the key was used for another flow.
   */
  async create(
    root: FlowNodeInput,
    creator: string,
    key?: string,
  ): Promise<CreatedFlow & { isNew: boolean }> {
    const errors: FieldError[] = [];
    const placed = await this.place(root, '', errors);
    if (errors.length > 0) throw new InvalidRequestError(errors.slice(0, MOST_ERRORS));
    const { queue } = placed.target;
    const own = `flow-${randomUUID()}`;
    const id = key === undefined ? own : `flow-once-${fingerprint([creator, key])}`;
    const request = fingerprint(root);
    // Only the root's id follows from the key: what is left of a flow whose root is gone does not become part of another.
    const made = { id, below: own, creator, count: 0 };
    const flow = toFlow(placed, made);
    flow.opts = { ...flow.opts, ...({ request } satisfies FlowRootOptions) };
    for (;;) {
      try {
        await this.producer.add(flow);
        return { id, queue, jobs: made.count, isNew: true };
      } catch (error) {
        if (key === undefined || !(error instanceof JobExistsError)) throw error;
      }
      const known = await this.requestOf(queue, id);
      // Otherwise it has been removed meanwhile.
      if (known === request) return { id, queue, jobs: made.count, isNew: false };
      if (known !== undefined) throw new IdempotencyKeyReusedError(key, id);
    }
  }

  /** Fingerprint of the request that made a flow; undefined when there is none of this id. */
  private async requestOf(queue: string, id: string): Promise<string | undefined> {
    const root = await this.queue.backend.forQueue(queue).reading.find(id);
    return root && String((JSON.parse(root.fields['opts'] ?? '{}') as FlowRootOptions).request);
  }

  private async place(node: FlowNodeInput, path: string, errors: FieldError[]): Promise<Placed> {
    const target = await this.checked(node, path, errors);
    const children: Placed[] = [];
    for (const [at, child] of (node.children ?? []).entries())
      children.push(await this.place(child, `${path}children.${at}.`, errors));
    return { node, path, target, children };
  }

  private async checked(node: FlowNodeInput, path: string, errors: FieldError[]): Promise<JobTarget> {
    try {
      const target = await this.targets.find(node.type, node.queue);
      if (target.type) checkPayload(target.type, node.payload ?? {});
      return target;
    } catch (error) {
      if (!(error instanceof InvalidRequestError)) throw error;
      if (errors.length < MOST_ERRORS)
        errors.push(...error.errors.map((one) => ({ ...one, path: path + one.path })));
      return { queue: '', type: undefined };
    }
  }
}

/** A node as BullMQ adds it, with those below it; `count` counts them, parents first. */
function toFlow(
  { node, target, children }: Placed,
  flow: { id: string; below: string; creator: string; count: number },
): FlowJob {
  const { type, payload, delay, attempts, timeout, onFailure } = node;
  const nth = flow.count++;
  const priority = node.priority ?? target.type?.settings.priority ?? REST_DEFAULTS.priority;
  return {
    name: type,
    queueName: target.queue,
    data: toCreateJob({ type, payload, delay }, target.type).payload,
    opts: {
      ...jobOptions({ priority, attempts, timeout, creator: flow.creator }),
      ...(delay > 0 && { delay }),
      ...(nth > 0 && ON_FAILURE[onFailure]),
      // In the order of the request: lists of children are sorted by their ids.
      jobId: nth === 0 ? flow.id : `${flow.below}.${String(nth).padStart(4, '0')}`,
    },
    ...(children.length > 0 && { children: children.map((child) => toFlow(child, flow)) }),
  };
}

/** 32 characters that stand for a JSON value. */
function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 32);
}
