import { released, type Outcome } from './outcome.js';
import type { UnhandledJobs } from './ports.js';
import type { RunnerLogger } from './run.js';
import { messageOf } from './thrown.js';

const MIN_HAND_BACK_MS = 1_000;
const MAX_HAND_BACK_MS = 60_000;
/** Where another worker can run it, the job has to wait only until that one is free. */
const MAX_ELSEWHERE_MS = 5_000;
/** Workers that cannot run a job must not take it in turns before the one that can. */
const OTHERS_MS = 60_000;

/** Hands a job back for as long again as it has waited already: the delay doubles from one time to the next, up to a minute. */
export const handedBack = (waitedMs: number): Outcome => released(delayAfter(waitedMs, MAX_HAND_BACK_MS));

/** Hands a job back that another live worker can run: sooner, and this worker leaves it to others for a minute. */
export const leftToOthers = (waitedMs: number): Outcome => ({
  kind: 'released',
  delayMs: delayAfter(waitedMs, MAX_ELSEWHERE_MS),
  othersMs: OTHERS_MS,
});

const delayAfter = (waitedMs: number, mostMs: number) =>
  Math.min(mostMs, Math.max(MIN_HAND_BACK_MS, waitedMs));

/**
 * How long jobs have been going round in search of a worker that can run them.
 *
 * @param giveUpMs how long they may.
 * @returns tells it of a job, in ms, from the first time it is asked; 0 when that cannot be told.
 */
export function timeInSearch(
  jobs: UnhandledJobs,
  logger: RunnerLogger,
  giveUpMs: number,
): (jobId: string) => Promise<number> {
  return async (jobId) => {
    try {
      // Longer than the longest time between two looks, or it would be the first time each time.
      return Date.now() - (await jobs.firstSeen(jobId, 2 * (giveUpMs + MAX_HAND_BACK_MS)));
    } catch (error) {
      logger.warn(`cannot tell how long no worker could run job ${jobId}: ${messageOf(error)}`);
      return 0;
    }
  };
}
