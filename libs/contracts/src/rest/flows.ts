import { z } from 'zod';
import { PRIORITIES, type PriorityName } from '../priority.js';
import { isDeeperThan } from './depth.js';
import { jobQueueParameter } from './job-queue.js';
import { jobStatusSchema } from './job.js';
import { REST_LIMITS } from './limits.js';
import { cursorParameters, pageOf } from './page.js';
import { printableText } from './text.js';

const priorityNames = Object.keys(PRIORITIES) as [PriorityName, ...PriorityName[]];
const time = z.string().meta({ format: 'date-time', example: '2026-03-01T09:30:00.000Z' });

/** What a child's failure for good does to its parent. */
export const CHILD_FAILURES = ['fail', 'continue', 'ignore', 'remove', 'wait'] as const;

export type ChildFailure = (typeof CHILD_FAILURES)[number];

const ownFields = {
  type: printableText(REST_LIMITS.typeLength).meta({
    description: 'What kind of job: the name its handler is registered for.',
    example: 'example.echo',
  }),
  queue: jobQueueParameter.meta({
    description: 'Queue it goes to. Without it: as for a single job of the type.',
  }),
  payload: z
    .unknown()
    .refine(
      (value) => !isDeeperThan(value, REST_LIMITS.payloadDepth),
      `must not be nested deeper than ${REST_LIMITS.payloadDepth} levels`,
    )
    .optional()
    .meta({ description: 'Any JSON, up to 256 KiB. Without it: `{}`.', example: { hello: 'world' } }),
  priority: z.enum(priorityNames).optional().meta({ description: "Without it: the type's." }),
  delay: z.number().int().min(0).max(REST_LIMITS.delayMs).default(0).meta({
    description:
      'Milliseconds to wait before it may run; of a parent counted from when its last child has ended.',
  }),
  attempts: z.number().int().min(1).max(REST_LIMITS.attempts).optional().meta({
    description: 'How often it is tried in all. Without it: as the type says.',
  }),
  timeout: z.number().int().min(1).max(REST_LIMITS.timeoutMs).optional().meta({
    description: "Milliseconds one try may take. Without it: the worker's default.",
  }),
  onFailure: z
    .enum(CHILD_FAILURES)
    .default('fail')
    .meta({
      description:
        'What happens to the parent when this job fails for good: `fail` the parent fails too; `continue` it runs at once, without ' +
        'waiting for the others; `ignore` it does not wait for this one and is told of the failure; `remove` as if this one had ' +
        'never been its child; `wait` it waits until this one is retried with success. Nothing for the root.',
    }),
};

/** One job of a flow, with those it waits for. */
export interface FlowNodeInput {
  type: string;
  queue?: string | undefined;
  payload?: unknown;
  priority?: PriorityName | undefined;
  delay: number;
  attempts?: number | undefined;
  timeout?: number | undefined;
  onFailure: ChildFailure;
  children?: FlowNodeInput[] | undefined;
}

const nodeSchema: z.ZodType<FlowNodeInput> = z
  .strictObject({
    ...ownFields,
    get children() {
      return z.array(nodeSchema).max(REST_LIMITS.flowNodes).optional().meta({
        description: 'Jobs that have to end before this one runs. At most 1,000 jobs and 20 levels in all.',
      });
    },
  })
  .meta({ id: 'FlowNodeInput' });

/** What makes a body too large or too deep to be looked at as a flow; counted without recursion. */
function problemOfFlowSize(body: unknown): string | undefined {
  let level: unknown[] = [body];
  let nodes = 0;
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > REST_LIMITS.flowDepth) return `must have at most ${REST_LIMITS.flowDepth} levels of jobs`;
    nodes += level.length;
    if (nodes > REST_LIMITS.flowNodes) return `must have at most ${REST_LIMITS.flowNodes} jobs`;
    level = level.flatMap((node) => {
      const children: unknown = (node as { children?: unknown } | null)?.children;
      return Array.isArray(children) ? (children as unknown[]) : [];
    });
  }
  return undefined;
}

/**
 * Body of `POST /api/flows`: the root, which runs last. Its size is looked at first: what is nested too deep would exhaust the stack.
 */
export const createFlowSchema = z.preprocess((body, context) => {
  const problem = problemOfFlowSize(body);
  if (problem === undefined) return body;
  context.addIssue({ code: 'custom', message: problem, path: ['children'] });
  return z.NEVER;
}, nodeSchema);

/** Path of a job in a flow. */
export const flowPathSchema = z.strictObject({
  id: printableText(REST_LIMITS.idLength * 2).meta({
    description: 'Id of the root, or of any job of the flow, percent-encoded.',
    example: 'order-1042',
  }),
});

export type FlowPath = z.output<typeof flowPathSchema>;

/** Query of `GET /api/flows/:id`. */
export const showFlowSchema = z.strictObject({
  queue: jobQueueParameter,
  depth: z.coerce.number().int().min(0).max(REST_LIMITS.flowDepth).default(3).meta({
    description: 'Levels of children that are shown below the job asked for.',
  }),
  width: z.coerce.number().int().min(1).max(REST_LIMITS.pageSize).default(20).meta({
    description: 'Most children of one job that are shown.',
  }),
});

export type ShowFlowQuery = z.output<typeof showFlowSchema>;

/** Query of `GET /api/flows/:id/children`. */
export const flowChildrenSchema = z.strictObject({ queue: jobQueueParameter, ...cursorParameters });

export type FlowChildrenQuery = z.output<typeof flowChildrenSchema>;

const count = z.number().int().min(0);

const nodeFields = {
  id: z.string().meta({ example: 'order-1042' }),
  queue: z.string().meta({ example: 'jobs' }),
  kept: z
    .boolean()
    .meta({ description: 'False when the job itself is gone, and only what became of it is known.' }),
  type: z.string().optional().meta({ example: 'example.echo' }),
  status: jobStatusSchema,
  state: z.string().optional().meta({ description: 'Finer than `status`.', example: 'waiting-children' }),
  progress: z.unknown().optional().meta({ example: 40 }),
  error: z.string().optional().meta({ description: 'Why it failed.' }),
  createdAt: time.optional(),
  startedAt: time.optional(),
  finishedAt: time.optional(),
  parent: z.object({ id: z.string(), queue: z.string() }).optional(),
  childCounts: z
    .object({ pending: count, completed: count, ignored: count, failed: count })
    .optional()
    .meta({ description: 'Direct children by what the job knows of them; absent when it has none.' }),
  moreChildren: z.string().optional().meta({
    description:
      'There are children that are not shown: `cursor` for `GET /api/flows/{id}/children` of this job.',
  }),
};

/** A job of a flow, without those below it. */
export const flowChildSchema = z.object(nodeFields).meta({ id: 'FlowChild' });

export interface FlowNode extends z.output<typeof flowChildSchema> {
  children?: FlowNode[] | undefined;
}

/** A job of a flow with those below it. */
export const flowNodeSchema: z.ZodType<FlowNode> = z
  .object({
    ...nodeFields,
    get children() {
      return z.array(flowNodeSchema).optional();
    },
  })
  .meta({ id: 'FlowNode' });

/** Answer of `GET /api/flows/:id/children`. */
export const flowChildPageSchema = pageOf(flowChildSchema).meta({ id: 'FlowChildren' });

/** Answer of `POST /api/flows`. */
export const createdFlowSchema = z
  .object({
    id: z.string().meta({ description: 'Id of the root.', example: 'flow-5b1c' }),
    queue: z.string().meta({ description: 'Queue of the root.', example: 'jobs' }),
    jobs: count.meta({ description: 'How many jobs the flow has.', example: 3 }),
  })
  .meta({ id: 'CreatedFlow' });

export type CreatedFlow = z.output<typeof createdFlowSchema>;
