import type { JobsOptions } from 'bullmq';
import { bullPriority, type LeavingToType, type PriorityName } from '#libs/contracts';
import { toPriority } from './job-document.js';

/** What a job that others make (a flow, a schedule) is to be like. */
export interface JobTraits {
  priority: PriorityName;
  /** Default: as its type says when a worker claims it, 3 for workers that know no types. */
  attempts?: number | undefined;
  /** Milliseconds one run may take; default the worker's. */
  timeout?: number | undefined;
  /** Name of who creates it. */
  creator?: string | undefined;
}

const DEFAULT_ATTEMPTS = 3;
const DEFAULT_BACKOFF = { type: 'exponential', delay: 2000 } as const;

/** BullMQ's options of such a job, and what Drover's jobs have beyond. */
export type TraitOptions = JobsOptions & LeavingToType & { timeout?: number; creator?: string };

/** The options of a job with these traits; the same that a single job gets which is created so. */
export function jobOptions({ priority, attempts, timeout, creator }: JobTraits): TraitOptions {
  return {
    attempts: attempts ?? DEFAULT_ATTEMPTS,
    backoff: DEFAULT_BACKOFF,
    leftToType: attempts === undefined ? ['attempts', 'backoff'] : ['backoff'],
    priority: bullPriority(toPriority(priority)),
    ...(timeout !== undefined && { timeout }),
    ...(creator !== undefined && { creator }),
  };
}
