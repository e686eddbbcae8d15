import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { bulkActionDoneSchema, bulkJobsAddedSchema } from '#libs/contracts';
import { ApiProblems, BAD_BODY } from '../docs/problem-responses.js';

export const DocCreateMany = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'createJobs',
      summary: 'Add many jobs',
      description:
        'Adds up to 10,000 jobs in one step: all of them, or none when one is wrong (the first 50 faults are named by place) or, unless ' +
        '`onConflict` is `skip`, an id is taken. The body may have 16 MiB, each payload 256 KiB.',
    }),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Text of your choice, up to 200 visible ASCII characters: for 24 hours the same request of the same caller with the same key adds ' +
        'nothing and is answered as the first one.',
    }),
    ApiResponse({ status: 201, description: 'What was added.', standardSchema: bulkJobsAddedSchema }),
    ApiResponse({
      status: 200,
      description: 'What an earlier request with the same `Idempotency-Key` added.',
      standardSchema: bulkJobsAddedSchema,
    }),
    ApiProblems(...BAD_BODY, 'JOB_EXISTS', 'IDEMPOTENCY_KEY_REUSED', 'WRONG_KEY_TYPE', 'REDIS_UNAVAILABLE'),
  );

export const DocActOnMany = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'actOnJobs',
      summary: 'Retry, remove, promote or cancel many jobs',
      description:
        'Acts on the jobs that fit a filter, or on those that are named, in small steps. A job that does not allow the action (any more) is counted ' +
        'and concerns no other. `dryRun` only counts and names some. Beyond `limit` jobs, or 20 s, the answer says `more` and gives a cursor.',
    }),
    ApiResponse({ status: 200, description: 'What was done.', standardSchema: bulkActionDoneSchema }),
    ApiProblems(...BAD_BODY, 'INVALID_JOB_ID', 'WRONG_KEY_TYPE', 'REDIS_UNAVAILABLE'),
  );
