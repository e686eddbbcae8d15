import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { Role } from '#libs/contracts';

/** Who makes a request. */
export interface Caller {
  /** Name that jobs and the audit log carry, unique among callers. */
  readonly name: string;
  readonly role: Role;
  /** True for one that may see and touch only jobs it has created. */
  readonly isLimitedToOwn: boolean;
}

/** A request with the caller that the guard found. */
export interface CallerRequest extends Request {
  caller?: Caller;
}

/** Whoever calls while nobody is asked for a key. */
const ANYBODY: Caller = { name: 'local', role: 'admin', isLimitedToOwn: false };

/** Parameter of a handler: the {@link Caller} of the request. */
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  return context.switchToHttp().getRequest<CallerRequest>().caller ?? ANYBODY;
});
