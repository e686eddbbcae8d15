import { released, skipped, type Outcome } from '../outcome.js';
import type { ScheduledRuns } from '../ports.js';
import type { ResolvedRun, RunnerLogger, Step } from '../run.js';
import { messageOf } from '../thrown.js';

/** How soon it is asked again when it cannot be told whether the run before has ended. */
const UNKNOWN_MS = 5_000;

/** Leaves out a run of a schedule while the one before has not ended, where the type's schedule says so. */
export function checkOverlap(scheduled: ScheduledRuns, logger: RunnerLogger): Step<ResolvedRun> {
  return async ({ job, type }): Promise<Outcome | undefined> => {
    if (job.scheduleId === undefined || type.schedule?.overlap !== 'skip') return undefined;
    try {
      const before = await scheduled.admit(job.scheduleId, job.info.id);
      return before === undefined ? undefined : skipped(`the run before, ${before}, has not ended`);
    } catch (error) {
      logger.warn(`cannot tell whether the run before job ${job.info.id} has ended: ${messageOf(error)}`);
      return released(UNKNOWN_MS);
    }
  };
}
