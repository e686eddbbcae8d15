import { InterruptedRunError } from '../../errors.js';
import { failed, released, type Outcome } from '../outcome.js';
import type { ResolvedRun } from '../run.js';

/** How soon a job of a type that is switched off is looked at again. The store gives none out, but may have heard of a change before or after. */
const DISABLED_MS = 1_000;

/** Whether the type may run at all, and this job of it once more. */
export async function checkConfiguration({ job, type }: ResolvedRun): Promise<Outcome | undefined> {
  if (!type.settings.enabled) return released(DISABLED_MS);
  if (job.interrupted && !type.idempotent) {
    return failed(new InterruptedRunError(type.type), { retry: false });
  }
  return undefined;
}
