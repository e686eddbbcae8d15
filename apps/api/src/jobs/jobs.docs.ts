import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';
import { jobLogsSchema, jobPageSchema, jobSchema, jobStatsSchema, removedJobSchema } from '#libs/contracts';
import { ApiProblems, BAD_BODY } from '../docs/problem-responses.js';

export const IdParam = () =>
  ApiParam({ name: 'id', description: "The job's id, percent-encoded.", example: 'order-1042' });

export const DocCreate = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'createJob',
      summary: 'Add a job',
      description:
        'Adds a job; it runs as soon as a worker is free, or after `delay`. For a type that workers of its queue publish, the ' +
        'payload must fit its schema.',
    }),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Text of your choice, up to 200 visible ASCII characters: as long as the job is kept, the same request with the ' +
        'same key adds nothing and is answered with that job. A key belongs to its caller and to the job type.',
    }),
    ApiResponse({
      status: 201,
      description: 'The job.',
      standardSchema: jobSchema,
      headers: {
        Location: {
          description: "The job's address; with `?queue=` when it is not in `QUEUE_NAME`.",
          schema: { type: 'string' },
        },
      },
    }),
    ApiResponse({
      status: 200,
      description: 'The job that an earlier request with the same `Idempotency-Key` added.',
      standardSchema: jobSchema,
    }),
    ApiProblems(...BAD_BODY, 'JOB_EXISTS', 'IDEMPOTENCY_KEY_REUSED', 'WRONG_KEY_TYPE', 'REDIS_UNAVAILABLE'),
  );

export const DocList = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listJobs',
      summary: 'List jobs',
      description:
        'One page of the jobs that fit all of the filter: the newest first, pending ones in the order they will run, finished ones by when they ' +
        'ended. Pages are counted by `page` and `pageSize` (with `total`), or by `limit` and `cursor`: these stay right while jobs come ' +
        'and go. A request looks at 10,000 jobs at most where the filter has no index (all but `status`); when that is not enough the answer says `isPartial`.',
    }),
    ApiResponse({ status: 200, description: 'A page of jobs.', standardSchema: jobPageSchema }),
    ApiProblems('INVALID_REQUEST', 'WRONG_KEY_TYPE', 'REDIS_UNAVAILABLE'),
  );

export const DocStats = () =>
  applyDecorators(
    ApiOperation({ operationId: 'countJobs', summary: 'Count jobs by status and by priority' }),
    ApiResponse({
      status: 200,
      description: 'Counts of the jobs that the caller may see.',
      standardSchema: jobStatsSchema,
    }),
    ApiProblems('INVALID_REQUEST', 'WRONG_KEY_TYPE', 'REDIS_UNAVAILABLE'),
  );

export const DocFind = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'getJob',
      summary: 'Show a job',
      description: 'One that Redis has forgotten since its time was over is shown from the history.',
    }),
    IdParam(),
    ApiResponse({ status: 200, description: 'The job.', standardSchema: jobSchema }),
    ApiProblems(
      'INVALID_REQUEST',
      'INVALID_URL',
      'INVALID_JOB_ID',
      'JOB_NOT_FOUND',
      'WRONG_KEY_TYPE',
      'REDIS_UNAVAILABLE',
      'DATABASE_UNAVAILABLE',
      'DATABASE_TIMEOUT',
    ),
  );

export const DocUpdate = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'updateJob',
      summary: 'Change a job that waits',
      description:
        'Changes priority, delay and payload of a job that waits or is delayed, all that is given in one step; one that waits for its children ' +
        'has no delay. 409 once it runs or has finished. The payload must fit the schema of the type, where live workers publish one.',
    }),
    IdParam(),
    ApiResponse({ status: 200, description: 'The job as it is now.', standardSchema: jobSchema }),
    ApiProblems(
      ...BAD_BODY,
      'INVALID_URL',
      'INVALID_JOB_ID',
      'INVALID_DOCUMENT',
      'JOB_NOT_FOUND',
      'JOB_STATE_CONFLICT',
      'WRONG_KEY_TYPE',
      'REDIS_UNAVAILABLE',
    ),
  );

export const DocLogs = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getJobLogs', summary: "Show rows of a job's log" }),
    IdParam(),
    ApiResponse({ status: 200, description: 'Rows of the log.', standardSchema: jobLogsSchema }),
    ApiProblems(
      'INVALID_REQUEST',
      'INVALID_URL',
      'INVALID_JOB_ID',
      'JOB_NOT_FOUND',
      'WRONG_KEY_TYPE',
      'REDIS_UNAVAILABLE',
    ),
  );

export const DocAct = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'actOnJob',
      summary: 'Retry, remove, promote, cancel or replay a job',
      description: "409 with the reason when the job's state does not allow it.",
    }),
    IdParam(),
    ApiResponse({
      status: 200,
      description: 'The job as it is now; for `replay`, the new one; for `remove`, that it was removed.',
      standardSchema: z.union([jobSchema, removedJobSchema]),
    }),
    ApiProblems(
      ...BAD_BODY,
      'INVALID_URL',
      'INVALID_JOB_ID',
      'INVALID_DOCUMENT',
      'JOB_NOT_FOUND',
      'JOB_STATE_CONFLICT',
      'WRONG_KEY_TYPE',
      'REDIS_UNAVAILABLE',
    ),
  );
