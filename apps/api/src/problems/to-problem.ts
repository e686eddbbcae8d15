import { HttpException } from '@nestjs/common';
import { DroverError, type Problem } from '#libs/contracts';
import { JobTransitionError } from '#libs/queue';
import { DatabaseUnavailableError, isDatabaseAway } from '#libs/sql';
import { isRedisDown } from '../redis/redis-errors.js';
import {
  BodyTooLargeError,
  IdsExistError,
  InvalidJsonError,
  InvalidRequestError,
  InvalidUrlError,
  RedisUnavailableError,
  RouteNotFoundError,
  UnsupportedMediaTypeError,
} from './api-errors.js';
import { bodyLimitOf } from '../http/json-body.js';
import { isProblemCode, PROBLEMS, type ProblemCode } from './problem-table.js';

/** The request an error belongs to. */
export interface RequestFacts {
  method: string;
  /** Path without query, as it was sent. */
  path: string;
  requestId: string;
}

/**
 * Problem document of any error.
 *
 * What is not a {@link DroverError} nor a refusal of the web framework becomes `INTERNAL`, and
 * nothing of it is shown: its text may hold what is not for the caller.
 */
export function toProblem(error: unknown, request: RequestFacts): Problem {
  const known = asDroverError(error, request);
  // To BullMQ's users such an error carries BullMQ's number in `code`.
  const code = known instanceof JobTransitionError ? 'JOB_TRANSITION_REFUSED' : known?.code;
  if (!known || !code || !isProblemCode(code) || code === 'INTERNAL') {
    return problemOf('INTERNAL', PROBLEMS.INTERNAL.example, request);
  }
  const problem = problemOf(code, known.message, request);
  const isDetailed = known instanceof InvalidRequestError || known instanceof IdsExistError;
  return isDetailed ? { ...problem, errors: [...known.errors] } : problem;
}

/** Problem document of one kind. */
export function problemOf(code: ProblemCode, detail: string, request: RequestFacts): Problem {
  return {
    type: `urn:drover:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: PROBLEMS[code].title,
    status: PROBLEMS[code].status,
    detail,
    instance: request.path,
    code,
    requestId: request.requestId,
  };
}

function asDroverError(error: unknown, request: RequestFacts): DroverError | undefined {
  if (error instanceof DroverError) return error;
  if (error instanceof HttpException) return fromHttpException(error, request);
  if (isRedisDown(error)) return new RedisUnavailableError('Redis is unavailable');
  if (isDatabaseAway(error))
    return new DatabaseUnavailableError('the database cannot be reached or cannot serve now', {
      cause: error,
    });
  return undefined;
}

/** Nest wraps what Express and its body parser raise: the original is the cause, told apart by `type`. */
function fromHttpException(error: HttpException, request: RequestFacts): DroverError | undefined {
  const { cause } = error;
  if (cause instanceof DroverError) return cause;
  if (cause instanceof URIError) return new InvalidUrlError();
  const status = error.getStatus();
  if (status === 404) return new RouteNotFoundError(request.method, request.path);
  if (status === 413) return new BodyTooLargeError('request body', bodyLimitOf(request.path));
  if (status === 415) return new UnsupportedMediaTypeError(error.message);
  if (status === 400 && typeOf(cause) === 'entity.parse.failed') return new InvalidJsonError(error.message);
  if (status === 400) return new InvalidRequestError([{ path: '', message: error.message }]);
  return undefined;
}

function typeOf(cause: unknown): unknown {
  return typeof cause === 'object' && cause !== null && 'type' in cause ? cause.type : undefined;
}
