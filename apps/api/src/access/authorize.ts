import { includesRole } from '#libs/contracts';
import type { NeededAccess } from './access.decorator.js';
import { ForbiddenError, UnauthenticatedError } from './access-errors.js';
import type { Caller } from './caller.js';

/**
 * Lets a caller do what needs this access, whatever door it comes through.
 *
 * @param caller `undefined` = nobody is known.
 * @throws {UnauthenticatedError} nobody is known, and the access is not public.
 * @throws {ForbiddenError} the role is too small, or the caller is limited to its own jobs.
 */
export function authorize(caller: Caller | undefined, { role, forOwnJobs }: NeededAccess): void {
  if (role === 'public') return;
  if (!caller) throw new UnauthenticatedError();
  if (!includesRole(caller.role, role)) {
    throw new ForbiddenError(`"${caller.name}" has the role ${caller.role}; this needs ${role}`);
  }
  if (caller.isLimitedToOwn && !forOwnJobs) {
    throw new ForbiddenError(
      `"${caller.name}" may only see and touch its own jobs; this is about more than those`,
    );
  }
}
