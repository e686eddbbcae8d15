import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { deadLetterGroupsSchema, deadLetterPageSchema, purgedSchema, replayedSchema } from '#libs/contracts';
import { ApiProblems, BAD_BODY } from '../docs/problem-responses.js';

export const DocList = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listDeadLetters',
      summary: 'List dead letters',
      description:
        'One page of the jobs that failed for good and are kept, the newest first. With a `type` a page may be short, or empty, ' +
        'though there is a next one: a request looks at some thousand of them at most.',
    }),
    ApiResponse({
      status: 200,
      description: 'A page of dead letters.',
      standardSchema: deadLetterPageSchema,
    }),
    ApiProblems('INVALID_REQUEST', 'QUEUE_NOT_FOUND', 'REDIS_UNAVAILABLE'),
  );

export const DocGroups = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'groupDeadLetters',
      summary: 'Group dead letters by what they died of',
      description: 'By type, code and reason, the largest group first; the newest 10,000 are looked at.',
    }),
    ApiResponse({ status: 200, description: 'The groups.', standardSchema: deadLetterGroupsSchema }),
    ApiProblems('INVALID_REQUEST', 'QUEUE_NOT_FOUND', 'REDIS_UNAVAILABLE'),
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
    ApiProblems(...BAD_BODY, 'INVALID_JOB_ID', 'QUEUE_NOT_FOUND', 'REDIS_UNAVAILABLE'),
  );

export const DocPurge = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'purgeDeadLetters',
      summary: 'Remove dead letters',
      description: 'Removes them for good. Either `ids`, or those older than a time, of one type or of all.',
    }),
    ApiResponse({ status: 200, description: 'How many were removed.', standardSchema: purgedSchema }),
    ApiProblems(...BAD_BODY, 'INVALID_JOB_ID', 'QUEUE_NOT_FOUND', 'REDIS_UNAVAILABLE'),
  );
