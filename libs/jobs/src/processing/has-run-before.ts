import type { Job } from 'bullmq';

/**
 * Whether a claimed job was started before: tried, interrupted, or handed back. A retry by hand counts attempts from 0, but
 * what the last one failed with stays.
 */
export function hasRunBefore({ attemptsStarted, stacktrace, stalledCounter }: Job): boolean {
  return attemptsStarted > 1 || stalledCounter > 0 || (stacktrace?.length ?? 0) > 0;
}
