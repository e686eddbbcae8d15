import { CronExpressionParser } from 'cron-parser';
import { z } from 'zod';
import { queueNameSchema } from '../queue-name.js';
import { PRIORITIES, type PriorityName } from '../priority.js';
import { duration } from '../types/duration.js';
import { createJobSchema } from './create-job.js';
import { jobSchema } from './job.js';
import { REST_LIMITS } from './limits.js';
import { cursorParameters, pageOf } from './page.js';
import { printableText } from './text.js';

/** `idle`: never started, or nothing is known of its last job any more. The others but `paused` are what its last job is at. */
export const TASK_STATUSES = [
  'idle',
  'paused',
  'queued',
  'running',
  'completed',
  'failed',
  'cancelled',
] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

const YEAR_MS = 366 * 86_400_000;
const MAX_CRON_LENGTH = 200;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function isCron(text: string): boolean {
  try {
    CronExpressionParser.parse(text).next();
    return /^\S+(\s+\S+){4,5}$/.test(text.trim());
  } catch {
    return false;
  }
}

export const taskScheduleSchema = z
  .strictObject({
    cron: z
      .string()
      .max(MAX_CRON_LENGTH)
      .refine(isCron, 'must be a cron expression of five fields, or six with seconds, that has a next time')
      .optional()
      .meta({
        description: 'Cron expression: minute, hour, day of month, month, day of week.',
        example: '0 9 * * 1-5',
      }),
    timeZone: z
      .string()
      .max(100)
      .refine(isTimeZone, 'must be the name of a time zone, such as Europe/Berlin')
      .optional()
      .meta({ description: 'IANA time zone of `cron`; default UTC.', example: 'Europe/Berlin' }),
    every: duration(1000, YEAR_MS).optional().meta({
      description: 'Time between two runs: ms, or a text like "30s", "1h"; from 1 s.',
      example: 3_600_000,
    }),
  })
  .refine(({ cron, every }) => (cron === undefined) !== (every === undefined), {
    message: 'must have either cron or every',
  })
  .refine(({ cron, timeZone }) => timeZone === undefined || cron !== undefined, {
    path: ['timeZone'],
    message: 'belongs to cron',
  })
  .meta({ id: 'TaskSchedule' });

export type TaskSchedule = z.output<typeof taskScheduleSchema>;

const jobFields = createJobSchema.shape;

const fields = {
  name: printableText(REST_LIMITS.nameLength).meta({
    description: 'What people call it.',
    example: 'Morning report',
  }),
  description: z
    .string()
    .max(REST_LIMITS.descriptionLength)
    .refine((text) => !text.includes('\u0000'), 'must not contain NUL')
    .meta({ description: 'What it is for.' }),
  type: jobFields.type,
  payload: jobFields.payload,
  priority: jobFields.priority,
  attempts: jobFields.attempts,
  delay: z.number().int().min(0).max(REST_LIMITS.delayMs).optional().meta({
    description: 'Milliseconds to wait before a job that is started by hand may run. Default 0.',
  }),
  timeout: jobFields.timeout,
  queue: queueNameSchema.optional().meta({
    description: 'Queue of its jobs. Without it: where jobs of the type go.',
    example: 'jobs',
  }),
  schedule: taskScheduleSchema.optional(),
};

/** Body of `POST /api/tasks`. */
export const createTaskSchema = z
  .strictObject({ ...fields, description: fields.description.default('') })
  .meta({ id: 'CreateTask' });
export type ValidCreateTaskRequest = z.output<typeof createTaskSchema>;

/** Body of `PATCH /api/tasks/:id`: what is to change; `null` takes a setting back. */
export const editTaskSchema = z
  .strictObject({
    version: z.number().int().min(1).meta({
      description:
        'The version that was shown: when the task has changed since, nothing is changed and the answer is 409.',
      example: 1,
    }),
    name: fields.name.optional(),
    description: fields.description.optional(),
    type: fields.type.optional(),
    payload: fields.payload.optional(),
    priority: z
      .enum(Object.keys(PRIORITIES) as [PriorityName, ...PriorityName[]])
      .nullable()
      .optional(),
    attempts: z.number().int().min(1).max(REST_LIMITS.attempts).nullable().optional(),
    delay: z.number().int().min(0).max(REST_LIMITS.delayMs).optional(),
    timeout: z.number().int().min(1).max(REST_LIMITS.timeoutMs).nullable().optional(),
    queue: queueNameSchema.nullable().optional(),
    schedule: taskScheduleSchema.nullable().optional(),
  })
  .meta({ id: 'EditTask' });
export type ValidEditTaskRequest = z.output<typeof editTaskSchema>;

export const TASK_SORTS = ['name', 'createdAt', 'updatedAt'] as const;
export type TaskSort = (typeof TASK_SORTS)[number];

/** Query of `GET /api/tasks`. */
export const listTasksSchema = z.strictObject({
  ...cursorParameters,
  q: printableText(REST_LIMITS.nameLength).optional().meta({
    description: 'Only tasks whose name, description or type has this text in it, whatever its case.',
  }),
  type: fields.type.optional().meta({ description: 'Only tasks of this type.' }),
  status: z.enum(TASK_STATUSES).optional().meta({
    description: 'Only tasks of this status. A page may have fewer than asked for, and yet not be the last.',
  }),
  sort: z.enum(TASK_SORTS).default('createdAt').meta({ description: 'By what they are ordered.' }),
  order: z.enum(['asc', 'desc']).default('desc'),
});
export type ListTasksQuery = z.output<typeof listTasksSchema>;

const taskId = z.uuid({ message: 'must be the id of a task' });

/** Query of `GET /api/tasks/execute`. */
export const taskExecutionQuerySchema = z.strictObject({
  taskId: taskId.meta({ description: 'Id of the task.', example: '7b1e4f0c-5a0e-4a57-9f4c-0e6f2c1d9a11' }),
});

/** Body of `POST /api/tasks/execute`. */
export const executeTaskSchema = taskExecutionQuerySchema.meta({ id: 'ExecuteTask' });
export type ExecuteTaskRequest = z.output<typeof executeTaskSchema>;

const time = z.string().meta({ format: 'date-time', example: '2026-03-01T09:30:00.000Z' });
const statusSchema = z.enum(TASK_STATUSES).meta({
  description:
    'What its last job is at; `paused` when it is paused and none is under way; `idle` when there is nothing to tell.',
});

export const taskSchema = z
  .object({
    id: taskId,
    version: z.number().int().meta({ description: 'Grows with each edit.', example: 1 }),
    name: z.string(),
    description: z.string(),
    type: z.string().meta({ example: 'report.generate' }),
    payload: z.unknown(),
    priority: fields.priority,
    attempts: z.number().int().optional(),
    delay: z.number().int(),
    timeout: z.number().int().optional(),
    queue: z.string().optional(),
    schedule: z
      .object({ cron: z.string().optional(), timeZone: z.string().optional(), every: z.number().optional() })
      .optional(),
    paused: z.boolean(),
    status: statusSchema,
    creator: z.string(),
    lastJob: z
      .object({ id: z.string(), queue: z.string(), startedAt: time })
      .optional()
      .meta({ description: 'Its last job, and when that was added.' }),
    nextRunAt: time.optional().meta({ description: 'When its schedule starts it next.' }),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Task' });
export type TaskView = z.output<typeof taskSchema>;

export const taskPageSchema = pageOf(taskSchema).meta({ id: 'TaskPage' });

export const taskRunSchema = z.object({
  jobId: z.string(),
  queue: z.string(),
  startedBy: z.string().meta({ description: 'Who started it; `schedule` for a run of its schedule.' }),
  at: time.meta({ description: 'When the job was added, or was due.' }),
  job: jobSchema.optional().meta({
    description: 'The job; absent when it was removed, or neither Redis nor the history has it any more.',
  }),
});
export type TaskRun = z.output<typeof taskRunSchema>;

/** Answer of `GET /api/tasks/:id`. */
export const taskDetailsSchema = taskSchema
  .extend({
    runs: z.array(taskRunSchema).meta({ description: 'Its last runs, the newest first; at most 20.' }),
  })
  .meta({ id: 'TaskDetails' });
export type TaskDetails = z.output<typeof taskDetailsSchema>;

/** Answer of `POST /api/tasks/execute` and of `GET /api/tasks/execute`. */
export const taskExecutionSchema = z
  .object({
    taskId,
    status: statusSchema,
    jobId: z.string().optional(),
    queue: z.string().optional(),
    job: jobSchema.optional(),
  })
  .meta({ id: 'TaskExecution' });
export type TaskExecution = z.output<typeof taskExecutionSchema>;

/** Answer of `POST /api/tasks/:id/stop`. */
export const stoppedTaskSchema = z
  .object({
    task: taskSchema,
    cancelled: z.array(z.string()).meta({ description: 'Ids of the jobs that were cancelled.' }),
  })
  .meta({ id: 'StoppedTask' });
export type StoppedTask = z.output<typeof stoppedTaskSchema>;
