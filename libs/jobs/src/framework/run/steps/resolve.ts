import type { HandlerRegistry } from '../../discovery/registry.js';
import { NoHandlerError } from '../../errors.js';
import { handedBack, leftToOthers, timeInSearch } from '../hand-back.js';
import { failed, type Outcome } from '../outcome.js';
import type { RunnerPorts } from '../ports.js';
import type { Run, RunnerLogger, Step } from '../run.js';
import { messageOf } from '../thrown.js';

/**
 * Finds the handler. Without one the job goes back for another worker, after a delay that doubles from one hand-back to the
 * next. When no live worker has had the type for `giveUpMs`, and the job has been going round for as long, it fails.
 */
export function resolve(
  registry: HandlerRegistry,
  { unhandled, live }: Pick<RunnerPorts, 'unhandled' | 'live'>,
  logger: RunnerLogger,
  giveUpMs: number,
): Step {
  const waited = timeInSearch(unhandled, logger, giveUpMs);

  const isElsewhere = async (type: string) => (await live.names().catch((): string[] => [])).includes(type);

  /** Why the job is given up; nothing while some worker has its type, or had it not long ago. */
  const missing = async (type: string, waitedMs: number): Promise<NoHandlerError | undefined> => {
    if (waitedMs < giveUpMs) return undefined;
    // Its own types are no answer for those of others, but better than none.
    const names = await live.names().catch(() => registry.types());
    if (names.includes(type)) return undefined;
    const goneMs = Date.now() - ((await live.lastSeen(type)) ?? -Infinity);
    return goneMs >= giveUpMs ? new NoHandlerError(type, Math.min(waitedMs, goneMs), names) : undefined;
  };

  return async (run: Run): Promise<Outcome | undefined> => {
    const { id, type } = run.job.info;
    run.type = registry.find(type);
    if (run.type) {
      // It has a handler after all: should it be without one again, that counts from then.
      if (run.job.startedBefore) await unhandled.forget(id).catch(() => undefined);
      return undefined;
    }
    const waitedMs = await waited(id);
    const error = await missing(type, waitedMs).catch((problem: unknown) => {
      logger.warn(`cannot tell since when no worker has had job type "${type}": ${messageOf(problem)}`);
      return undefined;
    });
    if (!error) return (await isElsewhere(type)) ? leftToOthers(waitedMs) : handedBack(waitedMs);
    await unhandled.forget(id).catch(() => undefined);
    return failed(error, { retry: false });
  };
}
