import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { auditPageSchema } from '#libs/contracts';
import { ApiProblems } from '../docs/problem-responses.js';

export const DocList = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listAudit',
      summary: 'List what was done, by whom',
      description:
        'Every request that changes something and was done, refused or failed, of REST and of Bull Board, and every sign-in; ' +
        'the newest first. A row is here within a second. `what` is what was asked for; payloads and secrets are not kept.',
    }),
    ApiResponse({ status: 200, description: 'A page of the log.', standardSchema: auditPageSchema }),
    ApiProblems('INVALID_REQUEST', 'DATABASE_UNAVAILABLE'),
  );
