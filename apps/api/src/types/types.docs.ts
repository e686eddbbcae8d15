import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import {
  liveTypeSchema,
  typeListSchema,
  typeMetricsListSchema,
  typeMetricsSchema,
  typeOverridesBodySchema,
} from '#libs/contracts';
import { ApiProblems, BAD_BODY } from '../docs/problem-responses.js';

const TypeParam = () =>
  ApiParam({
    name: 'type',
    description: 'Name of the job type, percent-encoded.',
    example: 'example.sleep',
    type: String,
  });

/** Problems of every route about types. */
const ANY = ['INVALID_REQUEST', 'QUEUE_NOT_FOUND', 'REDIS_UNAVAILABLE'] as const;
const ONE = ['INVALID_URL', 'TYPE_NOT_FOUND', ...ANY] as const;

export const DocList = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listTypes',
      summary: 'List the job types that live workers run',
      description: 'With the JSON Schemas of payload and result, and the settings in force.',
    }),
    ApiResponse({ status: 200, description: 'All types, by name.', standardSchema: typeListSchema }),
    ApiProblems(...ANY),
  );

export const DocFind = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getType', summary: 'Show a job type' }),
    TypeParam(),
    ApiResponse({ status: 200, description: 'The type.', standardSchema: liveTypeSchema }),
    ApiProblems(...ONE),
  );

export const DocSettings = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getTypeSettings', summary: 'Show what is overridden at run time' }),
    TypeParam(),
    ApiResponse({
      status: 200,
      description: 'The overrides alone; the settings in force are shown with the type.',
      standardSchema: typeOverridesBodySchema,
    }),
    ApiProblems(...ONE),
  );

export const DocSetSettings = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'setTypeSettings',
      summary: 'Override settings of a type at run time',
      description:
        'Takes the place of all overrides before. Every worker of the queue follows within a second; times are ' +
        'milliseconds or texts such as "30s", "5m", "1h". Refused when the type could not work so: a `timeout` not above its ' +
        '`batch.maxWait`, a `backoff.base` above `backoff.max`, a `cache` not below the distance of its scheduled runs.',
    }),
    TypeParam(),
    ApiResponse({
      status: 200,
      description: 'What is overridden now.',
      standardSchema: typeOverridesBodySchema,
    }),
    ApiProblems(...BAD_BODY, ...ONE),
  );

export const DocDropSettings = () =>
  applyDecorators(
    ApiOperation({ operationId: 'dropTypeSettings', summary: 'Take back all overrides of a type' }),
    TypeParam(),
    ApiResponse({ status: 204, description: 'Nothing is overridden any more.' }),
    ApiProblems('INVALID_URL', ...ANY),
  );

const switched = () =>
  ApiResponse({
    status: 200,
    description: 'What is overridden now.',
    standardSchema: typeOverridesBodySchema,
  });

export const DocEnable = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'enableType',
      summary: 'Have a type run again',
      description: 'Other overrides stay. Every worker of the queue follows within a second.',
    }),
    TypeParam(),
    switched(),
    ApiProblems(...ONE),
  );

export const DocDisable = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'disableType',
      summary: 'Have a type not run',
      description:
        'Its jobs wait until it is enabled, and its schedule makes none; what runs goes on. Other overrides stay.',
    }),
    TypeParam(),
    switched(),
    ApiProblems(...ONE),
  );

export const DocAllMetrics = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listTypeMetrics',
      summary: 'Show what was counted of all types',
      description:
        'Over all workers of the queue, since counting began; also of types that no worker runs any more.',
    }),
    ApiResponse({ status: 200, description: 'By name.', standardSchema: typeMetricsListSchema }),
    ApiProblems(...ANY),
  );

export const DocMetrics = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getTypeMetrics', summary: 'Show what was counted of a type' }),
    TypeParam(),
    ApiResponse({ status: 200, description: 'Counts and durations.', standardSchema: typeMetricsSchema }),
    ApiProblems(...ONE),
  );
