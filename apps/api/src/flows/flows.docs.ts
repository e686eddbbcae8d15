import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { createdFlowSchema, flowChildPageSchema, flowNodeSchema } from '#libs/contracts';
import { ApiProblems, BAD_BODY } from '../docs/problem-responses.js';

const ONE = [
  'INVALID_REQUEST',
  'INVALID_URL',
  'QUEUE_NOT_FOUND',
  'INVALID_JOB_ID',
  'JOB_NOT_FOUND',
  'REDIS_UNAVAILABLE',
] as const;

const IdParam = () =>
  ApiParam({
    name: 'id',
    description: 'Id of the root, or of any job of the flow, percent-encoded.',
    example: 'order-1042',
    type: String,
  });

export const DocCreate = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'createFlow',
      summary: 'Add a flow: jobs that wait for other jobs',
      description:
        'Each job runs when all its children have ended; the root runs last. All jobs are added in one step, or none. Payloads must ' +
        'fit their types, where workers of their queues publish them. Up to 1,000 jobs and 20 levels.',
    }),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Text of your choice, up to 200 visible ASCII characters: as long as the jobs are kept, a flow with the same key is the same ' +
        'flow, and nothing is added again.',
    }),
    ApiResponse({
      status: 201,
      description: 'The flow is added.',
      standardSchema: createdFlowSchema,
      headers: { Location: { description: "The flow's address.", schema: { type: 'string' } } },
    }),
    ApiResponse({
      status: 200,
      description: 'The flow that an earlier request with the same `Idempotency-Key` added.',
      standardSchema: createdFlowSchema,
    }),
    ApiProblems(...BAD_BODY, 'IDEMPOTENCY_KEY_REUSED', 'REDIS_UNAVAILABLE'),
  );

export const DocShow = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'getFlow',
      summary: 'Show a flow from one of its jobs down',
      description:
        'The job with those below it: `depth` levels, `width` children of each, 1,000 jobs at most. Where there are more, `moreChildren` ' +
        'is the cursor to get them with.',
    }),
    IdParam(),
    ApiResponse({ status: 200, description: 'The tree.', standardSchema: flowNodeSchema }),
    ApiProblems(...ONE),
  );

export const DocChildren = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listFlowChildren',
      summary: 'List the direct children of a job',
      description: 'In a fixed order, so that none is missed or shown twice while they run.',
    }),
    IdParam(),
    ApiResponse({ status: 200, description: 'A page of children.', standardSchema: flowChildPageSchema }),
    ApiProblems(...ONE),
  );
