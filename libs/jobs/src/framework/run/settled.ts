import { problemsOf } from '#libs/contracts';
import { ResultMismatchError, ResultNotJsonError } from '../errors.js';
import type { CachedResult } from './outcome.js';
import type { z } from 'zod';
import type { ResolvedRun } from './run.js';
import { messageOf } from './thrown.js';

/** The handler's methods ended well; `cached` tells of whose run the result was taken. */
export interface SettledResult {
  readonly result: unknown;
  readonly cached?: CachedResult;
}

/** How the handler's methods ended. `final`: trying again would end the same way. */
export type Settled = SettledResult | { readonly error: unknown; readonly final?: boolean };

/** How some work ended; never rejects. */
export async function settle(work: () => unknown): Promise<Settled> {
  try {
    return { result: await work() };
  } catch (error) {
    return { error };
  }
}

/** A result that is no JSON, or not what the type promises, will not be so in a later attempt either. */
export async function checkResult({ type }: ResolvedRun, result: unknown): Promise<Settled> {
  const checked = await settle(() => type.result?.safeParseAsync(result));
  if ('error' in checked) return checked;
  const parsed = checked.result as z.ZodSafeParseResult<unknown> | undefined;
  if (parsed?.success === false) {
    return { error: new ResultMismatchError(type.type, problemsOf(parsed.error)), final: true };
  }
  const value = parsed ? parsed.data : result;
  try {
    // Of a function or a symbol there is no JSON, and that throws nothing.
    if (value !== undefined && JSON.stringify(value) === undefined) {
      return { error: new ResultNotJsonError(type.type, `there is none of a ${typeof value}`), final: true };
    }
    return { result: value };
  } catch (error) {
    return { error: new ResultNotJsonError(type.type, messageOf(error), error), final: true };
  }
}
