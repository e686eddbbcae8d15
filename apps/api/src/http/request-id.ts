import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import type { RequestFacts } from '../problems/to-problem.js';

const HEADER = 'X-Request-Id';
const ACCEPTABLE = /^[\w.:-]{1,64}$/;

/** Gives every answer an `X-Request-Id`: the caller's, if it is a plain word, else a new one. */
export function requestId(request: Request, response: Response, next: NextFunction): void {
  const given = request.get(HEADER);
  response.setHeader(HEADER, given && ACCEPTABLE.test(given) ? given : randomUUID());
  next();
}

/** What a problem document says of the request. */
export function requestFacts(request: Request, response: Response): RequestFacts {
  return {
    method: request.method,
    path: request.originalUrl.split('?', 1)[0] ?? '',
    requestId: String(response.getHeader(HEADER) ?? ''),
  };
}
