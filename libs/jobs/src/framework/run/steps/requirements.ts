import { released, type Outcome } from '../outcome.js';
import type { LiveTypes } from '../ports.js';
import type { ResolvedRun, RunnerLogger, Step } from '../run.js';
import { messageOf } from '../thrown.js';

/** How soon a job whose requirements were not met is looked at again. */
const UNMET_MS = 5_000;

/** A service that can say whether it can be used now. */
export interface RequiredService {
  isReady(): boolean | Promise<boolean>;
}

/** Finds the services that a type requires. */
export type ServicesOf = (type: string) => readonly RequiredService[];

/** Hands a job back whose services are not ready, or whose children no live worker could run. */
export function checkRequirements(
  servicesOf: ServicesOf,
  live: LiveTypes,
  logger: RunnerLogger,
): Step<ResolvedRun> {
  return async ({ job, type }): Promise<Outcome | undefined> => {
    try {
      for (const service of servicesOf(type.type)) {
        if (!(await service.isReady())) return released(UNMET_MS);
      }
      const areRun = await Promise.all(type.dependsOn.map((name) => live.isRun(name)));
      return areRun.includes(false) ? released(UNMET_MS) : undefined;
    } catch (error) {
      logger.warn(`requirements of job ${job.info.id} (${type.type}) cannot be checked: ${messageOf(error)}`);
      return released(UNMET_MS);
    }
  };
}
