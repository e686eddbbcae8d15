import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { Role } from '#libs/contracts';
import type { BodyTelling } from '../audit/tell-body.js';
import { UnauthenticatedError } from './access-errors.js';

/** Who makes a request. */
export interface Caller {
  /** Name that jobs and the audit log carry, unique among callers. */
  readonly name: string;
  readonly role: Role;
  /** True for one that may see and touch only jobs it has created. */
  readonly isLimitedToOwn: boolean;
}

/** Whose rights a session or a link gives. */
export type Owner =
  /** An API key, by its id. */
  | { readonly kind: 'key'; readonly keyId: string }
  /** The key of `DROVER_ADMIN_KEY`, as long as it has this hash. */
  | { readonly kind: 'admin'; readonly hash: Buffer }
  /** Whoever reads the start's output while there is no key at all. */
  | { readonly kind: 'local' };

/** The session that a caller is known by. */
export interface SessionOfCaller {
  readonly id: string;
  /** When it ends at the latest: by itself, or with its key. */
  readonly expiresAt: Date;
}

/** A caller with what is known of the credential. */
export interface Identity extends Caller {
  readonly owner: Owner;
  readonly via: 'key' | 'session';
  /** When the key ends whose rights it has. Absent: never. */
  readonly keyEndsAt?: Date;
  /** Of a session only. */
  readonly session?: SessionOfCaller;
}

/** What a request does, as the audit log names it. */
export interface Operation {
  /** operationId of a route, or `board.<action>`. */
  readonly action: string;
  /** What it is done to, by the names of the path's parameters. */
  readonly target: Readonly<Record<string, string>>;
  /** What is told of the body. Absent: nothing. */
  readonly telling?: BodyTelling | undefined;
}

/** A request with the caller that was found. */
export interface CallerRequest extends Request {
  caller?: Identity;
  /** Set where it is decided whether the caller may. */
  operation?: Operation;
}

/** Name of the caller with the key of `DROVER_ADMIN_KEY`. */
export const ADMIN_NAME = 'admin';
/** Name of the caller who has signed in with the link of a start without any key. */
export const LOCAL_NAME = 'local';

/** A caller who is known by this session. */
export function withSession(caller: Identity, { id, expiresAt }: SessionOfCaller): Identity {
  const { keyEndsAt } = caller;
  const endsWithKey = keyEndsAt !== undefined && keyEndsAt < expiresAt;
  return { ...caller, via: 'session', session: { id, expiresAt: endsWithKey ? keyEndsAt : expiresAt } };
}

/** The caller of a request. @throws {UnauthenticatedError} on a public route that was called without a key. */
export function callerOf(request: CallerRequest): Identity {
  if (!request.caller) throw new UnauthenticatedError();
  return request.caller;
}

/** Parameter of a handler: the {@link Caller} of the request. */
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Identity =>
  callerOf(context.switchToHttp().getRequest<CallerRequest>()),
);
