import type { KeepJobs } from 'bullmq';

/** BullMQ's `removeOnComplete` and `removeOnFail`. */
export type KeepOption = boolean | number | KeepJobs | undefined;

/** How many jobs that ended so are kept (-1 all, 0 none), for how many seconds (0 any), most to evict at once. */
export interface Kept {
  count: number;
  age: number;
  limit: number;
}

export const ALL: Kept = { count: -1, age: 0, limit: 1000 };

/** Options come from whoever added the job: what is no number must not stop the others of its call. */
export function finite(value: unknown, otherwise: number): number {
  const number = value === undefined || value === null ? otherwise : Number(value);
  return Number.isFinite(number) ? number : otherwise;
}

/** The job's option beats the worker's; 0 or true keeps none, -1 or false all, and so does what is no number. */
export function kept(job: KeepOption, worker: KeepOption): Kept {
  const chosen = job ?? worker;
  if (typeof chosen !== 'object')
    return {
      count: typeof chosen === 'number' ? Math.floor(finite(chosen, -1)) : chosen ? 0 : -1,
      age: 0,
      limit: ALL.limit,
    };
  const { age, count, limit } = chosen as { age?: number; count?: number; limit?: number };
  return {
    count: Math.floor(finite(count, -1)),
    age: finite(age, 0),
    // No call evicts more, since it holds Redis meanwhile.
    limit: Math.min(ALL.limit, Math.max(1, Math.floor(finite(limit, ALL.limit)))),
  };
}
