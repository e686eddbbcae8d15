import {
  BadRequestException,
  HttpException,
  NotFoundException,
  PayloadTooLargeException,
} from '@nestjs/common';
import { DroverError, problemSchema } from '#libs/contracts';
import { InvalidRequestError, UnsafeNumberError } from './api-errors.js';
import { isProblemCode, PROBLEMS } from './problem-table.js';
import { toProblem } from './to-problem.js';

const request = { method: 'GET', path: '/api/jobs/7', requestId: 'r1' };

class UnlistedError extends DroverError {
  readonly code = 'CANNOT_LISTEN';
}

const bodyParserError = (type: string, status: number) => Object.assign(new Error(type), { type, status });

describe('toProblem', () => {
  it('says what, where and under which request it happened', () => {
    expect(toProblem(new UnsafeNumberError('1e400'), request)).toEqual({
      type: 'urn:drover:problem:unsafe-number',
      title: 'Number cannot be held exactly',
      status: 400,
      detail: 'the number 1e400 cannot be held exactly: send it as a string',
      instance: '/api/jobs/7',
      code: 'UNSAFE_NUMBER',
      requestId: 'r1',
    });
  });

  it('lists every wrong field', () => {
    const errors = [{ path: 'delay', message: 'too big' }];
    expect(toProblem(new InvalidRequestError(errors), request)).toMatchObject({
      errors,
      detail: 'delay: too big',
    });
  });

  it.each([
    ['a program error', new TypeError('secret at /srv/app')],
    ['an error of ours that is not for callers', new UnlistedError('secret')],
    ['a thrown string', 'secret'],
    ['a thrown nothing', undefined],
    ['a status nobody planned', new HttpException('secret', 418)],
  ])('shows nothing of %s', (_name, error) => {
    const problem = toProblem(error, request);
    expect(problem).toMatchObject({ status: 500, code: 'INTERNAL' });
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  it.each([
    ['a path without a route', new NotFoundException(), 'ROUTE_NOT_FOUND'],
    ['a body over the limit', new PayloadTooLargeException(), 'PAYLOAD_TOO_LARGE'],
    [
      'a body that is no JSON',
      new BadRequestException('x', { cause: bodyParserError('entity.parse.failed', 400) }),
      'INVALID_JSON',
    ],
    ['a broken percent code', new BadRequestException('x', { cause: new URIError('x') }), 'INVALID_URL'],
    ['an unknown encoding', new HttpException('x', 415), 'UNSUPPORTED_MEDIA_TYPE'],
    ['a request cut short', new BadRequestException('request aborted'), 'INVALID_REQUEST'],
    [
      'an error of ours raised in the body parser',
      new HttpException('x', 403, { cause: new UnsafeNumberError('1') }),
      'UNSAFE_NUMBER',
    ],
    ['a closed connection to Redis', new Error('Connection is closed.'), 'REDIS_UNAVAILABLE'],
  ])('recognises %s', (_name, error, code) => {
    expect(toProblem(error, request).code).toBe(code);
  });

  it.each(Object.entries(PROBLEMS))('has for %s a title, an error status and an example', (code, kind) => {
    expect(isProblemCode(code)).toBe(true);
    expect(kind.status).toBeGreaterThanOrEqual(400);
    expect(kind.title).not.toBe('');
    expect(kind.example).not.toBe('');
  });

  it('is a document of the published schema', () => {
    const problem = toProblem(new InvalidRequestError([{ path: '', message: 'x' }]), request);
    expect(problemSchema.parse(problem)).toEqual(problem);
  });

  it('takes names of every object for no codes', () => {
    expect(isProblemCode('constructor')).toBe(false);
  });
});
