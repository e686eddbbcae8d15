import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { liveTypeSchema, typeListSchema, typeOverridesBodySchema } from '#libs/contracts';
import { ApiProblems } from '../docs/problem-responses.js';

const TypeParam = () =>
  ApiParam({ name: 'type', description: 'Name of the job type.', example: 'example.sleep' });

export const DocList = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listTypes',
      summary: 'List the job types that live workers run',
      description: 'With the JSON Schemas of payload and result, and the settings in force.',
    }),
    ApiResponse({ status: 200, description: 'All types, by name.', standardSchema: typeListSchema }),
    ApiProblems('REDIS_UNAVAILABLE'),
  );

export const DocFind = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getType', summary: 'Show a job type' }),
    TypeParam(),
    ApiResponse({ status: 200, description: 'The type.', standardSchema: liveTypeSchema }),
    ApiProblems('TYPE_NOT_FOUND', 'REDIS_UNAVAILABLE'),
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
    ApiProblems('TYPE_NOT_FOUND', 'REDIS_UNAVAILABLE'),
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
    ApiProblems('INVALID_REQUEST', 'INVALID_JSON', 'TYPE_NOT_FOUND', 'REDIS_UNAVAILABLE'),
  );

export const DocDropSettings = () =>
  applyDecorators(
    ApiOperation({ operationId: 'dropTypeSettings', summary: 'Take back all overrides of a type' }),
    TypeParam(),
    ApiResponse({ status: 204, description: 'Nothing is overridden any more.' }),
    ApiProblems('REDIS_UNAVAILABLE'),
  );
