import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';
import { jobLogsSchema, jobPageSchema, jobSchema, jobStatsSchema, removedJobSchema } from '#libs/contracts';
import { ApiProblems, BAD_BODY } from '../docs/problem-responses.js';

const IdParam = () =>
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
        'same key adds nothing and is answered with that job.',
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
    ApiProblems(...BAD_BODY, 'JOB_EXISTS', 'IDEMPOTENCY_KEY_REUSED', 'REDIS_UNAVAILABLE'),
  );

export const DocList = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listJobs',
      summary: 'List jobs',
      description: 'One page of the jobs that fit the filter. `total` counts all that fit.',
    }),
    ApiResponse({ status: 200, description: 'A page of jobs.', standardSchema: jobPageSchema }),
    ApiProblems('INVALID_REQUEST', 'REDIS_UNAVAILABLE'),
  );

export const DocStats = () =>
  applyDecorators(
    ApiOperation({ operationId: 'countJobs', summary: 'Count jobs by status and by priority' }),
    ApiResponse({ status: 200, description: 'Exact counts.', standardSchema: jobStatsSchema }),
    ApiProblems('INVALID_REQUEST', 'REDIS_UNAVAILABLE'),
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
      'INVALID_URL',
      'JOB_NOT_FOUND',
      'REDIS_UNAVAILABLE',
      'DATABASE_UNAVAILABLE',
      'DATABASE_TIMEOUT',
    ),
  );

export const DocLogs = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getJobLogs', summary: "Show rows of a job's log" }),
    IdParam(),
    ApiResponse({ status: 200, description: 'Rows of the log.', standardSchema: jobLogsSchema }),
    ApiProblems('INVALID_REQUEST', 'INVALID_URL', 'JOB_NOT_FOUND', 'REDIS_UNAVAILABLE'),
  );

export const DocAct = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'actOnJob',
      summary: 'Retry, remove, promote or cancel a job',
      description: "409 with the reason when the job's state does not allow it.",
    }),
    IdParam(),
    ApiResponse({
      status: 200,
      description: 'The job as it is now; for `remove`, that it was removed.',
      standardSchema: z.union([jobSchema, removedJobSchema]),
    }),
    ApiProblems(...BAD_BODY, 'INVALID_URL', 'JOB_NOT_FOUND', 'JOB_STATE_CONFLICT', 'REDIS_UNAVAILABLE'),
  );
