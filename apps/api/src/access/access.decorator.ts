import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiCookieAuth } from '@nestjs/swagger';
import type { Role } from '#libs/contracts';

/** Where {@link NeededAccess} is kept of a route. */
export const ACCESS_METADATA = 'drover:access';

/** Names of the OpenAPI security schemes: a key, or else a session. */
export const KEY_SCHEME = 'apiKey';
export const SESSION_SCHEME = 'session';

/** What a route needs. */
export interface NeededAccess {
  /** The least role; `public` = anybody, without a key. */
  readonly role: Role | 'public';
  /** Whether callers that are limited to their own jobs may call it: it has to look at whose jobs it touches. */
  readonly forOwnJobs: boolean;
}

/**
 * The least role that may call a route, or all routes of a controller; every route needs one.
 *
 * @param options.forOwnJobs whether callers limited to their own jobs may call it. Default: false, they are refused.
 */
export function Access(
  role: Role,
  { forOwnJobs = false }: Partial<NeededAccess> = {},
): MethodDecorator & ClassDecorator {
  return applyDecorators(
    SetMetadata<string, NeededAccess>(ACCESS_METADATA, { role, forOwnJobs }),
    ApiBearerAuth(KEY_SCHEME),
    ApiCookieAuth(SESSION_SCHEME),
  );
}

/** A route that anybody may call, without a key. */
export function PublicAccess(): MethodDecorator & ClassDecorator {
  return SetMetadata<string, NeededAccess>(ACCESS_METADATA, { role: 'public', forOwnJobs: true });
}
