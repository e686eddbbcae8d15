import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { REST_LIMITS } from '#libs/contracts';
import { InvalidJsonError, UnsafeNumberError, UnsupportedMediaTypeError } from '../problems/api-errors.js';
import { findUnsafeNumber } from './unsafe-number.js';

/** Bytes of a request's body. Twice the payload's limit: a payload may arrive with escapes and white space. */
const BODY_LIMIT_BYTES = 2 * REST_LIMITS.payloadBytes + 64 * 1024;

const JSON_TYPES = ['application/json', 'application/*+json'];

/** Paths of requests about many jobs, whose bodies may be larger. */
const LARGE_BODIES = new Set(['/api/jobs/bulk', '/api/jobs/actions', '/api/batches']);

// Their own constants: the type of useBodyParser does not know `verify`, the parser does.
const USUAL_BODIES = { limit: BODY_LIMIT_BYTES, type: JSON_TYPES, strict: false, verify: verifyBody };
const LARGE = {
  ...USUAL_BODIES,
  limit: REST_LIMITS.bulkBytes,
  type: (request: IncomingMessage) =>
    isLarge((request as Request).path) && Boolean((request as Request).is(JSON_TYPES)),
};

/** Bytes that the body of a request to this path may have. */
export function bodyLimitOf(path: string): number {
  return isLarge(path) ? REST_LIMITS.bulkBytes : BODY_LIMIT_BYTES;
}

/** Routes are found in any case, and with a slash behind. */
function isLarge(path: string): boolean {
  return LARGE_BODIES.has(path.toLowerCase().replace(/\/$/, ''));
}

/** Reads JSON bodies, and refuses all others: a web page of elsewhere can send only others without asking. */
export function useJsonBodies(app: NestExpressApplication): void {
  app.use(refuseOtherTypes);
  // What the first has read the second leaves alone.
  app.useBodyParser('json', LARGE as object);
  app.useBodyParser('json', USUAL_BODIES);
}

function refuseOtherTypes(request: Request, _response: Response, next: NextFunction): void {
  const isEmpty = request.headers['content-length'] === '0';
  // null: no body; false: a body of another type, or of none.
  if (isEmpty || request.is(JSON_TYPES) !== false) return next();
  next(new UnsupportedMediaTypeError('send the body as Content-Type: application/json'));
}

/** Called with the raw body before it is parsed. */
function verifyBody(_request: IncomingMessage, _response: unknown, body: Buffer, charset: string): void {
  if (charset.toLowerCase() !== 'utf-8') throw new UnsupportedMediaTypeError(`JSON is UTF-8, not ${charset}`);
  if (!isUtf8(body)) throw new InvalidJsonError('the body is not valid UTF-8');
  const unsafe = findUnsafeNumber(body);
  if (unsafe !== undefined) throw new UnsafeNumberError(unsafe);
}
