import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { deadLetterPageSchema, purgedSchema, replayedSchema } from '#libs/contracts';
import { ApiProblems, BAD_BODY } from '../docs/problem-responses.js';

export const DocList = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listDeadLetters',
      summary: 'List dead letters',
      description: 'One page of the jobs that failed for good and are kept, the newest first.',
    }),
    ApiResponse({
      status: 200,
      description: 'A page of dead letters.',
      standardSchema: deadLetterPageSchema,
    }),
    ApiProblems('INVALID_REQUEST', 'REDIS_UNAVAILABLE'),
  );

export const DocReplay = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'replayDeadLetters',
      summary: 'Run dead letters again',
      description:
        'Puts them back into the queue as if for the first time; what they kept in a checkpoint stays. Either `ids`, or all of a `type`.',
    }),
    ApiResponse({ status: 200, description: 'How many were put back.', standardSchema: replayedSchema }),
    ApiProblems(...BAD_BODY, 'INVALID_JOB_ID', 'REDIS_UNAVAILABLE'),
  );

export const DocPurge = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'purgeDeadLetters',
      summary: 'Remove dead letters',
      description: 'Removes them for good. Either `ids`, or those older than a time, of one type or of all.',
    }),
    ApiResponse({ status: 200, description: 'How many were removed.', standardSchema: purgedSchema }),
    ApiProblems(...BAD_BODY, 'INVALID_JOB_ID', 'REDIS_UNAVAILABLE'),
  );
