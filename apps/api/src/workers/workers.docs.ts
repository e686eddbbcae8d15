import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { workerPageSchema, workerViewSchema } from '#libs/contracts';
import { ApiProblems } from '../docs/problem-responses.js';

const WORKER = ['INVALID_REQUEST', 'INVALID_URL', 'WORKER_NOT_FOUND', 'REDIS_UNAVAILABLE'] as const;

const IdParam = () =>
  ApiParam({
    name: 'id',
    description: "The worker's id, percent-encoded.",
    example: 'host-7:4711:c0ffee',
    type: String,
  });

const workerResponse = (description: string) =>
  ApiResponse({ status: 200, description, standardSchema: workerViewSchema });

export const DocList = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listWorkers',
      summary: 'List live workers',
      description: "From their heartbeats, by id: Drover's, and legacy ones that report their health.",
    }),
    ApiResponse({ status: 200, description: 'A page of workers.', standardSchema: workerPageSchema }),
    ApiProblems('INVALID_REQUEST', 'REDIS_UNAVAILABLE'),
  );

export const DocFind = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getWorker', summary: 'Show a worker' }),
    IdParam(),
    workerResponse('The worker.'),
    ApiProblems(...WORKER),
  );

export const DocDrain = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'drainWorker',
      summary: 'Have a worker finish what it runs and claim no more',
      description:
        'Holds until it is resumed or ends. It follows within about a second: then its `draining` is true, and when `running` is 0 ' +
        'it can be stopped without interrupting anything.',
    }),
    IdParam(),
    workerResponse('The worker; `drainRequested` is true.'),
    ApiProblems(...WORKER, 'WORKER_NOT_DRAINABLE'),
  );

export const DocResume = () =>
  applyDecorators(
    ApiOperation({ operationId: 'resumeWorker', summary: 'Have a drained worker claim jobs again' }),
    IdParam(),
    workerResponse('The worker; `drainRequested` is false.'),
    ApiProblems(...WORKER, 'WORKER_NOT_DRAINABLE'),
  );
