import type { NextFunction, Request, Response } from 'express';
import { isFromHere, READING } from '../../http/same-origin.js';
import { reportProblem, sendProblem } from '../../problems/problem.filter.js';
import { UnauthenticatedError } from '../access-errors.js';
import type { Authenticator } from '../authenticator.js';
import type { CallerRequest, Identity } from '../caller.js';
import { sessionIn } from '../sessions/session-cookie.js';
import type { Throttle } from '../throttle/throttle.js';
import { clientAddress } from './client-address.js';
import { asksForPage, sendToSignIn } from './send-to-sign-in.js';

/** What {@link identify} needs. */
export interface IdentifyParts {
  readonly authenticator: Authenticator;
  readonly throttle: Throttle;
  /** Whether anybody may ask for this, without a key. */
  isPublic(method: string, path: string): boolean;
}

/**
 * Finds out who makes a request and whether it comes too often, before its body is read. Whatever stands behind this is
 * closed to strangers, except for what is public: a browser that asks for a page goes to sign in, programs get 401.
 */
export function identify(parts: IdentifyParts) {
  return (request: CallerRequest, response: Response, next: NextFunction): void => {
    const found = find(parts, request);
    found.then(
      (caller) => {
        request.caller = caller;
        next();
      },
      (error: unknown) => {
        if (error instanceof UnauthenticatedError && asksForPage(request))
          return sendToSignIn(request, response);
        const problem = reportProblem(error, request, response);
        sendProblem(response, problem.status, problem);
      },
    );
  };
}

async function find(
  { authenticator, throttle, isPublic }: IdentifyParts,
  request: Request,
): Promise<Identity | undefined> {
  const address = clientAddress(request);
  try {
    const caller = await authenticator.authenticate({
      authorization: request.headers.authorization,
      session: mayUseCookie(request) ? sessionIn(request.headers.cookie) : undefined,
      address,
    });
    throttle.take(caller, address);
    return caller;
  } catch (error) {
    if (!(error instanceof UnauthenticatedError)) throw error;
    throttle.take(undefined, address);
    if (isPublic(request.method, request.path)) return undefined;
    throw error;
  }
}

/** Pages of elsewhere may cause requests, which must not act with the rights of who is signed in here: a change has to come from a page of ours. */
function mayUseCookie({ method, headers }: Request): boolean {
  return READING.has(method) || isFromHere(headers);
}
