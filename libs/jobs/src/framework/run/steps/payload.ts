import { problemsOf } from '#libs/contracts';
import { PayloadMismatchError } from '../../errors.js';
import { leftToOthers, timeInSearch } from '../hand-back.js';
import { failed, type Outcome } from '../outcome.js';
import type { RunnerPorts } from '../ports.js';
import type { ResolvedRun, RunnerLogger, Step } from '../run.js';
import { messageOf } from '../thrown.js';

/**
 * Applies the payload schema. What does not fit now will not fit in a later attempt either, unless another live worker runs a
 * version of the type that takes it: then the job goes back for that one, for `giveUpMs` at most.
 */
export function checkPayload(
  { misfits, live }: Pick<RunnerPorts, 'misfits' | 'live'>,
  logger: RunnerLogger,
  giveUpMs: number,
): Step<ResolvedRun> {
  const waited = timeInSearch(misfits, logger, giveUpMs);
  const fitsElsewhere = async (type: string, payload: unknown): Promise<boolean> => {
    try {
      return await live.fitsElsewhere(type, payload);
    } catch (error) {
      logger.warn(
        `cannot tell whether another worker takes a payload of job type "${type}": ${messageOf(error)}`,
      );
      return true;
    }
  };

  return async (run): Promise<Outcome | undefined> => {
    const { job, type } = run;
    run.payload = job.payload;
    if (!type.payload) return undefined;
    const parsed = await type.payload.safeParseAsync(job.payload);
    if (parsed.success) {
      run.payload = parsed.data;
      return undefined;
    }
    const error = new PayloadMismatchError(type.type, problemsOf(parsed.error));
    if (!(await fitsElsewhere(type.type, job.payload))) return failed(error, { retry: false });
    const waitedMs = await waited(job.info.id);
    if (waitedMs < giveUpMs) return leftToOthers(waitedMs);
    await misfits.forget(job.info.id).catch(() => undefined);
    return failed(error, { retry: false });
  };
}
