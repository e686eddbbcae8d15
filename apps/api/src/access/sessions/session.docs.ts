import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { sessionSchema, signInLinkSchema } from '#libs/contracts';
import { ApiProblems, BAD_BODY } from '../../docs/problem-responses.js';

export const DocStart = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'startSession',
      summary: 'Sign a browser in with a key',
      description:
        'Sets a cookie (HttpOnly, SameSite=Strict). The session has the rights of the key and ends with it, after 12 hours ' +
        'without a request, or after 7 days. After 10 wrong keys in a minute an address has to wait.',
    }),
    ApiResponse({ status: 200, description: 'Who is signed in.', standardSchema: sessionSchema }),
    ApiProblems(...BAD_BODY, 'DATABASE_UNAVAILABLE'),
  );

export const DocWhoAmI = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getSession', summary: 'Show who calls' }),
    ApiResponse({ status: 200, description: 'The caller.', standardSchema: sessionSchema }),
    ApiProblems('DATABASE_UNAVAILABLE'),
  );

export const DocEnd = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'endSession',
      summary: 'Sign out',
      description: 'Does nothing for a caller with a key.',
    }),
    ApiResponse({ status: 204, description: 'The session has ended.' }),
    ApiProblems('DATABASE_UNAVAILABLE'),
  );

export const DocLink = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'createSignInLink',
      summary: 'Make a link that signs a browser in, once',
      description: 'With the rights of the caller. It can be used for 15 minutes.',
    }),
    ApiResponse({ status: 201, description: 'The link.', standardSchema: signInLinkSchema }),
    ApiProblems('DATABASE_UNAVAILABLE'),
  );
