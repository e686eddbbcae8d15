import type { NextFunction, Response } from 'express';
import type { AuditOutcome } from '#libs/contracts';
import type { CallerRequest } from '../access/caller.js';
import { clientAddress } from '../access/doors/client-address.js';
import { requestFacts } from '../http/request-id.js';
import { READING } from '../http/same-origin.js';
import type { AuditLog } from './audit-log.js';
import { toldOf } from './tell-body.js';

const MOST_PATH = 1000;
const MOST_TEXT = 300;
const MOST_TARGETS = 20;

/** Actions that are requested by GET, since a link is. */
const SIGN_IN = 'signInByLink';

/**
 * Notes every request that changes something, once it is answered, if it came so far that it was decided whether the
 * caller may: done, refused or failed.
 */
export function recordActions(log: AuditLog) {
  return (request: CallerRequest, response: Response, next: NextFunction): void => {
    const at = new Date();
    response.once('close', () => {
      const { operation } = request;
      if (!operation || (READING.has(request.method) && operation.action !== SIGN_IN)) return;
      log.add(toRow(request, response, operation, at));
    });
    next();
  };
}

function toRow(
  request: CallerRequest,
  response: Response,
  { action, target, telling }: NonNullable<CallerRequest['operation']>,
  at: Date,
) {
  const { caller } = request;
  const { method, path, requestId } = requestFacts(request, response);
  const created = response.getHeader('Location');
  const code: unknown = response.locals['problemCode'];
  return {
    at,
    who: caller?.name ?? 'anonymous',
    role: caller?.role ?? null,
    via: caller?.via ?? null,
    action,
    method,
    path: path.slice(0, MOST_PATH),
    target: {
      ...short(target),
      ...(response.statusCode === 201 &&
        typeof created === 'string' && { created: created.slice(0, MOST_PATH) }),
    },
    what: toldOf(request.body, telling),
    outcome: outcomeOf(response),
    status: response.statusCode,
    code: typeof code === 'string' ? code : null,
    address: clientAddress(request),
    userAgent: request.headers['user-agent']?.slice(0, MOST_TEXT) ?? null,
    requestId,
  };
}

function outcomeOf({ statusCode, writableFinished }: Response): AuditOutcome {
  if (!writableFinished) return 'aborted';
  if (statusCode < 400) return 'done';
  return statusCode < 500 ? 'refused' : 'failed';
}

function short(target: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(target).slice(0, MOST_TARGETS);
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value).slice(0, MOST_TEXT)]));
}
