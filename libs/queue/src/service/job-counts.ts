import { priorityName, type JobState, type JobStatus, type PriorityName } from '#libs/contracts';
import type { JobFilter, JobPlace, JobSearch } from './job-search.js';

/** Counts of one moment; each job is counted once in `byStatus`, and each that waits once in `byPriority`. */
export interface JobCounts {
  byStatus: Record<JobStatus, number>;
  byPriority: Record<PriorityName, number>;
  byState: Record<JobState, number>;
  total: number;
  /** True when there were too many jobs to look at all of them: then each count is the least there are. */
  isPartial?: boolean;
}

/** Jobs of each status that are looked at. */
const MOST_LOOKED_AT = 50_000;
const STATUSES: readonly JobStatus[] = ['pending', 'running', 'completed', 'failed', 'cancelled'];

/** Counts the jobs that fit a filter by looking at all of them, in small steps. */
export async function countFitting(search: JobSearch, filter: Omit<JobFilter, 'status'>): Promise<JobCounts> {
  const byState: Record<JobState, number> = {
    waiting: 0,
    prioritized: 0,
    delayed: 0,
    'waiting-children': 0,
    active: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
  };
  const byStatus: Record<JobStatus, number> = {
    pending: 0,
    running: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
  };
  const byPriority: Record<PriorityName, number> = { low: 0, normal: 0, high: 0 };
  let isPartial = false;
  for (const status of STATUSES) {
    let place: JobPlace | undefined;
    let looked = 0;
    do {
      const piece = await search.piece({ ...filter, status }, place);
      for (const { list, score } of piece.found) {
        byStatus[status] += 1;
        byState[stateIn(list, score)] += 1;
        if (list === 'queue' || list === 'parked') byPriority[priorityName(-Math.ceil(Number(score)))] += 1;
      }
      looked += Math.max(piece.looked, 1);
      place = piece.next;
    } while (place && looked < MOST_LOOKED_AT);
    isPartial ||= place !== undefined;
  }
  const total = Object.values(byStatus).reduce((sum, count) => sum + count, 0);
  return { byStatus, byPriority, byState, total, ...(isPartial && { isPartial }) };
}

function stateIn(list: string, score: string): JobState {
  if (list === 'queue' || list === 'parked') return Number(score) < -3 ? 'waiting' : 'prioritized';
  return list === 'leases' ? 'active' : (list as JobState);
}
