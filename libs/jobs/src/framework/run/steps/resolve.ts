import type { HandlerRegistry } from '../../discovery/registry.js';
import { NoHandlerError } from '../../errors.js';
import { failed, released, type Outcome } from '../outcome.js';
import type { LiveTypes, UnhandledJobs } from '../ports.js';
import type { Run, RunnerLogger, Step } from '../run.js';
import { messageOf } from '../thrown.js';

const MIN_HAND_BACK_MS = 1_000;
const MAX_HAND_BACK_MS = 60_000;

/**
 * Finds the handler. Without one the job goes back for another worker, after a delay that doubles
 * from one hand-back to the next. When that has gone on for `giveUpMs` and no live worker has the type, it fails.
 */
export function resolve(
  registry: HandlerRegistry,
  { unhandled, live }: { unhandled: UnhandledJobs; live: LiveTypes },
  logger: RunnerLogger,
  giveUpMs: number,
): Step {
  const waited = async (id: string): Promise<number> => {
    try {
      // Longer than the longest time between two looks, or it would be the first time each time.
      return Date.now() - (await unhandled.firstSeen(id, 2 * (giveUpMs + MAX_HAND_BACK_MS)));
    } catch (error) {
      logger.warn(`cannot tell how long job ${id} has been without a handler: ${messageOf(error)}`);
      return 0;
    }
  };
  const liveNames = async (): Promise<readonly string[]> => {
    // Its own types are no answer for those of others, but better than none.
    return live.names().catch(() => registry.types());
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
    if (waitedMs >= giveUpMs) {
      const names = await liveNames();
      if (!names.includes(type)) {
        await unhandled.forget(id).catch(() => undefined);
        return failed(new NoHandlerError(type, waitedMs, names), { retry: false });
      }
    }
    // As long again as it has waited already: doubles from one hand-back to the next.
    return released(Math.min(MAX_HAND_BACK_MS, Math.max(MIN_HAND_BACK_MS, waitedMs)));
  };
}
