import type { BulkActionRequest, ListJobsQuery } from '#libs/contracts';
import type { JobFilter } from '#libs/queue';
import type { Caller } from '../access/caller.js';

type Asked = Partial<NonNullable<BulkActionRequest['filter']>> & Pick<ListJobsQuery, 'priority'>;

/**
 * The filter that a request asks for, within what its caller may see.
 *
 * @returns undefined when nothing can fit: jobs of others, asked for by a caller that sees only its own.
 */
export function filterFor(caller: Caller, asked: Asked): JobFilter | undefined {
  const { status, type, creator, tag, createdAfter, createdBefore, error, priority } = asked;
  if (caller.isLimitedToOwn && creator !== undefined && creator !== caller.name) return undefined;
  return {
    status,
    type,
    priority,
    creator: caller.isLimitedToOwn ? caller.name : creator,
    tag,
    createdAfter: createdAfter === undefined ? undefined : Date.parse(createdAfter),
    createdBefore: createdBefore === undefined ? undefined : Date.parse(createdBefore),
    error,
  };
}
