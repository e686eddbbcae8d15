import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import {
  jobSchema,
  stoppedTaskSchema,
  taskDetailsSchema,
  taskExecutionSchema,
  taskPageSchema,
  taskSchema,
} from '#libs/contracts';
import { ApiProblems, BAD_BODY } from '../docs/problem-responses.js';
import type { ProblemCode } from '../problems/problem-table.js';

const AWAY = ['DATABASE_UNAVAILABLE', 'REDIS_UNAVAILABLE'] as const;
const STARTING = [
  'TASK_STATE_CONFLICT',
  'IDEMPOTENCY_KEY_REUSED',
  'INVALID_REQUEST',
  'PAYLOAD_TOO_LARGE',
] as const;

interface Route {
  operationId: string;
  summary: string;
  description?: string;
  status?: number;
  schema?: z.ZodType;
  problems?: readonly ProblemCode[];
}

const Operation = ({ operationId, summary, description, status = 200, schema, problems = [] }: Route) =>
  applyDecorators(
    ApiOperation({ operationId, summary, ...(description !== undefined && { description }) }),
    ApiResponse({ status, description: summary, ...(schema && { standardSchema: schema }) }),
    ApiProblems(...problems, ...AWAY),
  );

const OfTask = (route: Route) =>
  applyDecorators(
    ApiParam({ name: 'id', description: "The task's id.", example: '7b1e4f0c-5a0e-4a57-9f4c-0e6f2c1d9a11' }),
    Operation({ ...route, problems: ['INVALID_URL', 'TASK_NOT_FOUND', ...(route.problems ?? [])] }),
  );

const Key = () =>
  ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      'Text of your choice, up to 200 visible ASCII characters: as long as the job is kept, the same request with the same key starts nothing and is answered with that job.',
  });

export const Create = () =>
  applyDecorators(
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Text of your choice, up to 200 visible ASCII characters: as long as the task is kept, the same request with the same key saves nothing and is answered with that task.',
    }),
    Operation({
      operationId: 'createTask',
      summary: 'Save a task',
      description: 'A named definition of a job that can be started, scheduled, paused and edited.',
      status: 201,
      schema: taskSchema,
      problems: [...BAD_BODY, 'IDEMPOTENCY_KEY_REUSED'],
    }),
    ApiResponse({
      status: 200,
      description: 'The key was used before: the task that was saved then, as it is now.',
      standardSchema: taskSchema,
    }),
  );

export const List = () =>
  Operation({
    operationId: 'listTasks',
    summary: 'List tasks',
    schema: taskPageSchema,
    problems: ['INVALID_REQUEST'],
  });

export const Find = () =>
  OfTask({ operationId: 'getTask', summary: 'Show a task with its last runs', schema: taskDetailsSchema });

export const Edit = () =>
  OfTask({
    operationId: 'editTask',
    summary: 'Change a task',
    description: 'Changes what is given. Jobs that were started before keep what they were started with.',
    schema: taskSchema,
    problems: [...BAD_BODY, 'TASK_VERSION_CONFLICT'],
  });

export const Remove = () =>
  OfTask({
    operationId: 'deleteTask',
    summary: 'Delete a task and its schedule',
    description: 'Jobs under way go on: stop the task first to end them.',
    status: 204,
  });

export const Start = () =>
  applyDecorators(
    Key(),
    ApiResponse({
      status: 200,
      description: 'The job that an earlier request with this key started.',
      standardSchema: jobSchema,
    }),
    OfTask({
      operationId: 'startTask',
      summary: 'Start a task: add a job of it',
      status: 201,
      schema: jobSchema,
      problems: STARTING,
    }),
  );

export const Stop = () =>
  OfTask({
    operationId: 'stopTask',
    summary: 'Stop a task: cancel its jobs that have not ended',
    description: 'Handlers that run are told. Its schedule goes on: pause it to end that.',
    schema: stoppedTaskSchema,
  });

export const Pause = () =>
  OfTask({
    operationId: 'pauseTask',
    summary: 'Pause a task',
    description: 'Neither its schedule nor anybody starts it until it is resumed. A job under way goes on.',
    schema: taskSchema,
  });

export const Resume = () =>
  OfTask({ operationId: 'resumeTask', summary: 'Let a paused task go on', schema: taskSchema });

export const Execute = () =>
  applyDecorators(
    Key(),
    Operation({
      operationId: 'executeTask',
      summary: 'Start the task that the body names',
      schema: taskExecutionSchema,
      problems: [...BAD_BODY, ...STARTING, 'TASK_NOT_FOUND'],
    }),
  );

export const Execution = () =>
  Operation({
    operationId: 'getTaskExecution',
    summary: 'What the last job of a task is at',
    schema: taskExecutionSchema,
    problems: ['INVALID_REQUEST', 'TASK_NOT_FOUND'],
  });
