import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { batchItemPageSchema, batchPageSchema, batchSchema } from '#libs/contracts';
import { ApiProblems, BAD_BODY } from '../docs/problem-responses.js';

const IdParam = () =>
  ApiParam({
    name: 'id',
    description: "The batch's id.",
    example: 'batch-7b1e4f0c-5a0e-4a57-9f4c-0e6f2c1d9a11',
  });

export const DocCreate = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'createBatch',
      summary: 'Add a batch of jobs',
      description:
        'Adds up to 10,000 jobs in one step, all or none, which are followed as one. With `limit` at most so many are at work at a ' +
        'time, whoever works; the others wait for their turn. With `callback` a job is added when all have ended.',
    }),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Asking again with the same key adds nothing and answers 200 with the batch there is, as long as it is kept. 1 to 200 visible ASCII characters.',
      schema: { type: 'string', minLength: 1, maxLength: 200 },
    }),
    ApiResponse({
      status: 201,
      description: 'The batch; `Location` is its address.',
      standardSchema: batchSchema,
    }),
    ApiResponse({
      status: 200,
      description: 'The batch that an earlier request with this key has made.',
      standardSchema: batchSchema,
    }),
    ApiProblems(
      ...BAD_BODY,
      'INVALID_JOB_ID',
      'INVALID_OPTION',
      'INVALID_DOCUMENT',
      'JOB_EXISTS',
      'IDEMPOTENCY_KEY_REUSED',
      'WRONG_KEY_TYPE',
      'REDIS_UNAVAILABLE',
    ),
  );

export const DocList = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listBatches',
      summary: 'List batches',
      description:
        'One page of the batches of a queue, the newest first. A page may have fewer than asked for, and yet not be the last.',
    }),
    ApiResponse({ status: 200, description: 'A page of batches.', standardSchema: batchPageSchema }),
    ApiProblems('INVALID_REQUEST', 'REDIS_UNAVAILABLE'),
  );

export const DocFind = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getBatch', summary: 'Show a batch', description: 'How far it is, as one.' }),
    IdParam(),
    ApiResponse({ status: 200, description: 'The batch.', standardSchema: batchSchema }),
    ApiProblems('INVALID_REQUEST', 'BATCH_NOT_FOUND', 'REDIS_UNAVAILABLE'),
  );

export const DocItems = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listBatchItems',
      summary: 'List the jobs of a batch',
      description: 'In the order of the request, with position and expected times of those that wait.',
    }),
    IdParam(),
    ApiResponse({ status: 200, description: 'A page of its jobs.', standardSchema: batchItemPageSchema }),
    ApiProblems('INVALID_REQUEST', 'BATCH_NOT_FOUND', 'REDIS_UNAVAILABLE'),
  );

export const DocCancel = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'cancelBatch',
      summary: 'Cancel a batch',
      description:
        'Cancels all its jobs that have not ended: those that wait never start, and handlers that run are told. Its callback follows.',
    }),
    IdParam(),
    ApiResponse({ status: 200, description: 'The batch afterwards.', standardSchema: batchSchema }),
    ApiProblems('INVALID_REQUEST', 'BATCH_NOT_FOUND', 'BATCH_STATE_CONFLICT', 'REDIS_UNAVAILABLE'),
  );
