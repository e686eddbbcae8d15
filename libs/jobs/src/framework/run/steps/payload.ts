import { problemsOf } from '#libs/contracts';
import { PayloadMismatchError } from '../../errors.js';
import { failed, type Outcome } from '../outcome.js';
import type { ResolvedRun } from '../run.js';

/** Applies the payload schema; what does not fit now will not fit in a later attempt either. */
export async function checkPayload(run: ResolvedRun): Promise<Outcome | undefined> {
  const { job, type } = run;
  run.payload = job.payload;
  if (!type.payload) return undefined;
  const parsed = await type.payload.safeParseAsync(job.payload);
  if (!parsed.success) {
    return failed(new PayloadMismatchError(type.type, problemsOf(parsed.error)), { retry: false });
  }
  run.payload = parsed.data;
  return undefined;
}
