import { REST_DEFAULTS, type JobPage, type ListJobsQuery } from '#libs/contracts';
import type { JobStore } from '#libs/queue';
import type { Caller } from '../access/caller.js';
import { JobCursors } from './job-cursor.js';
import { filterFor } from './job-filter.js';

/**
 * One page of the jobs that a caller may see: by its number, or behind a cursor.
 *
 * @throws {InvalidRequestError} for a cursor of another list.
 */
export async function listJobs(jobs: JobStore, caller: Caller, query: ListJobsQuery): Promise<JobPage> {
  const { cursor, limit, page = REST_DEFAULTS.page, pageSize = REST_DEFAULTS.pageSize, queue } = query;
  const filter = filterFor(caller, query);
  const byNumber = cursor === undefined && limit === undefined;
  if (!filter) return byNumber ? { items: [], page, pageSize, total: 0 } : { items: [] };
  if (byNumber) return jobs.list({ ...filter, page, pageSize });
  const cursors = new JobCursors('jobs', filter, queue);
  const { items, next, isPartial } = await jobs.listBehind(
    filter,
    cursors.read(cursor),
    limit ?? REST_DEFAULTS.pageSize,
  );
  return { items, ...(next && { nextCursor: cursors.write(next) }), ...(isPartial && { isPartial }) };
}
