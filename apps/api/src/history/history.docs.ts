import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiProduces, ApiResponse } from '@nestjs/swagger';
import { historyCountSchema, historyJobSchema, historyPageSchema } from '#libs/contracts';
import { ApiProblems } from '../docs/problem-responses.js';

const PROBLEMS = ['INVALID_REQUEST', 'DATABASE_UNAVAILABLE', 'DATABASE_TIMEOUT'] as const;

export const DocSearch = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'searchHistory',
      summary: 'Search all jobs there were',
      description:
        'One page of the jobs that fit all filters, the newest first, also of those that Redis has forgotten. It follows the live ' +
        'queues by a second or two.',
    }),
    ApiResponse({ status: 200, description: 'A page of jobs.', standardSchema: historyPageSchema }),
    ApiProblems(...PROBLEMS),
  );

export const DocCount = () =>
  applyDecorators(
    ApiOperation({ operationId: 'countHistory', summary: 'Count the jobs that fit' }),
    ApiResponse({ status: 200, description: 'How many there are.', standardSchema: historyCountSchema }),
    ApiProblems(...PROBLEMS),
  );

export const DocExport = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'exportHistory',
      summary: 'Export the jobs that fit',
      description:
        'All of them, the newest first, with payload and result, as a stream. When something goes wrong on the way the ' +
        'connection ends without a proper end, so that a part is not taken for the whole.',
    }),
    ApiProduces('text/csv', 'application/x-ndjson'),
    ApiResponse({
      status: 200,
      description: 'CSV with a header, or one `HistoryJob` without its timeline in each line.',
      content: {
        'text/csv': { schema: { type: 'string' } },
        'application/x-ndjson': { schema: { type: 'string' } },
      },
    }),
    ApiProblems(...PROBLEMS),
  );

export const DocFind = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'findInHistory',
      summary: 'Show one job with its timeline',
      description: 'Numbers in payload and result are as they were written, with all digits.',
    }),
    ApiParam({
      name: 'id',
      schema: { type: 'string', minLength: 1, maxLength: 1000 },
      example: 'order-1042',
    }),
    ApiResponse({ status: 200, description: 'The job.', standardSchema: historyJobSchema }),
    ApiProblems(...PROBLEMS, 'JOB_NOT_FOUND'),
  );
