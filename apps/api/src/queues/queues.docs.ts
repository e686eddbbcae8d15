import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import {
  cleanedQueueSchema,
  drainedQueueSchema,
  queueLatencySchema,
  queueListSchema,
  queueStatisticsSchema,
  queueViewSchema,
} from '#libs/contracts';
import { QueueParam } from '../docs/parameters.js';
import { ApiProblems, BAD_BODY } from '../docs/problem-responses.js';

const ONE_QUEUE = ['INVALID_REQUEST', 'INVALID_URL', 'QUEUE_NOT_FOUND', 'REDIS_UNAVAILABLE'] as const;
const queueResponse = () =>
  ApiResponse({ status: 200, description: 'The queue as it is now.', standardSchema: queueViewSchema });

export const DocList = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listQueues',
      summary: 'List the queues that are looked after',
      description:
        '`QUEUE_NAME`, `MORE_QUEUES`, those of `QUEUE_ROUTES`, and those that types of live workers name.',
    }),
    ApiResponse({
      status: 200,
      description: 'All of them, `QUEUE_NAME` first.',
      standardSchema: queueListSchema,
    }),
    ApiProblems('REDIS_UNAVAILABLE'),
  );

export const DocFind = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getQueue', summary: 'Show a queue' }),
    QueueParam(),
    queueResponse(),
    ApiProblems(...ONE_QUEUE),
  );

export const DocStatistics = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'getQueueStatistics',
      summary: 'Count how many jobs of a queue ended in each minute of the last hour',
      description: 'Ends by workers of Drover, and those of legacy services as soon as they are seen.',
    }),
    QueueParam(),
    ApiResponse({ status: 200, description: 'Sums and minutes.', standardSchema: queueStatisticsSchema }),
    ApiProblems(...ONE_QUEUE),
  );

export const DocLatency = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'getQueueLatency',
      summary: 'Show how long jobs of a queue wait for their start',
    }),
    QueueParam(),
    ApiResponse({
      status: 200,
      description: 'What waits, and what was measured.',
      standardSchema: queueLatencySchema,
    }),
    ApiProblems(...ONE_QUEUE),
  );

export const DocPause = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'pauseQueue',
      summary: 'Pause a queue',
      description:
        'Workers of Drover claim no job of it until it is resumed; what runs goes on. Legacy workers do not know it.',
    }),
    QueueParam(),
    queueResponse(),
    ApiProblems(...ONE_QUEUE),
  );

export const DocResume = () =>
  applyDecorators(
    ApiOperation({ operationId: 'resumeQueue', summary: 'Resume a paused queue' }),
    QueueParam(),
    queueResponse(),
    ApiProblems(...ONE_QUEUE),
  );

export const DocLimits = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'setQueueLimits',
      summary: 'Limit how many jobs of a queue run at once or start in a time',
      description:
        'Takes the place of all limits before; what is left out or null is not limited. Holds at once, for all workers of Drover.',
    }),
    QueueParam(),
    queueResponse(),
    ApiProblems(...BAD_BODY, ...ONE_QUEUE),
  );

export const DocDrain = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'drainQueue',
      summary: 'Remove the jobs of a queue that wait',
      description: 'With `delayed` those too. Running jobs stay, and so does the next run of a schedule.',
    }),
    QueueParam(),
    ApiResponse({ status: 200, description: 'How many were removed.', standardSchema: drainedQueueSchema }),
    ApiProblems(...BAD_BODY, ...ONE_QUEUE),
  );

export const DocClean = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'cleanQueue',
      summary: 'Remove old jobs of a queue, or count them',
      description: 'Jobs of one status that are older than a time.',
    }),
    QueueParam(),
    ApiResponse({
      status: 200,
      description: 'How many were removed, or would be.',
      standardSchema: cleanedQueueSchema,
    }),
    ApiProblems(...BAD_BODY, ...ONE_QUEUE),
  );
