import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { createdKeySchema, keyPageSchema, keySchema } from '#libs/contracts';
import { ApiProblems, BAD_BODY } from '../../docs/problem-responses.js';

const IdParam = () =>
  ApiParam({ name: 'id', description: 'The middle part of the key.', example: '3f9c0b1de27a4485' });

export const DocList = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listKeys',
      summary: 'List API keys',
      description: 'The newest first; never a secret.',
    }),
    ApiResponse({ status: 200, description: 'A page of keys.', standardSchema: keyPageSchema }),
    ApiProblems('INVALID_REQUEST', 'DATABASE_UNAVAILABLE'),
  );

export const DocCreate = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'createKey',
      summary: 'Create an API key',
      description: 'The answer has the key itself, this once: only a hash of it is kept.',
    }),
    ApiResponse({
      status: 201,
      description: 'The key.',
      standardSchema: createdKeySchema,
      headers: { Location: { description: "The key's address.", schema: { type: 'string' } } },
    }),
    ApiProblems(...BAD_BODY, 'KEY_EXISTS', 'DATABASE_UNAVAILABLE'),
  );

export const DocFind = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getKey', summary: 'Show an API key' }),
    IdParam(),
    ApiResponse({ status: 200, description: 'The key, without its secret.', standardSchema: keySchema }),
    ApiProblems('INVALID_REQUEST', 'INVALID_URL', 'KEY_NOT_FOUND', 'DATABASE_UNAVAILABLE'),
  );

export const DocRevoke = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'revokeKey',
      summary: 'Revoke an API key',
      description:
        'For good, with all sessions of it; other API processes follow within a second or so. Refused for the last valid ' +
        'key of an admin, unless there is a `DROVER_ADMIN_KEY`. A revoked key stays as it is.',
    }),
    IdParam(),
    ApiResponse({ status: 200, description: 'The key as it is now.', standardSchema: keySchema }),
    ApiProblems('INVALID_REQUEST', 'INVALID_URL', 'KEY_NOT_FOUND', 'LAST_ADMIN_KEY', 'DATABASE_UNAVAILABLE'),
  );
