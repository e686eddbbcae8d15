import { problemsOf } from '#libs/contracts';
import type { z } from 'zod';
import { within } from '../run/bounded.js';
import { messageOf } from '../run/thrown.js';
import type { JobType } from './job-type.js';
import type { Refuse } from './refusal.js';

/** How long a payload schema may take for one payload when a worker starts, ms. */
const PATIENCE_MS = 10_000;
const NEVER = new AbortController().signal;

/** A payload that stands in the code: an example, or what a schedule gives. */
interface WrittenPayload {
  /** For messages. */
  readonly what: string;
  readonly payload: unknown;
}

type Parsed = z.ZodSafeParseResult<unknown>;
type Written = Pick<JobType, 'examples' | 'schedule' | 'payload'>;

/**
 * Checks the payloads that stand in the code: that they are JSON, and fit the schema, which may answer later.
 *
 * @throws {InvalidJobHandlerError}
 */
export async function checkWrittenPayloads(type: Written, refuse: Refuse): Promise<void> {
  for (const written of writtenPayloads(type)) {
    assertJson(written, refuse);
    const parsed = await parsedInTime(type.payload, written, refuse);
    if (parsed?.success !== false) continue;
    const problems = problemsOf(parsed.error).join('; ');
    throw refuse(`has ${written.what} that does not fit its payload schema: ${problems}`);
  }
}

function writtenPayloads({ examples, schedule }: Written): WrittenPayload[] {
  const written = examples.map(({ title, payload }) => ({ what: `an example ("${title}")`, payload }));
  if (!schedule) return written;
  return [...written, { what: 'a schedule.payload', payload: schedule.payload ?? {} }];
}

function assertJson({ what, payload }: WrittenPayload, refuse: Refuse): void {
  try {
    JSON.stringify(payload);
  } catch (error) {
    throw refuse(`has ${what} that is no JSON: ${messageOf(error)}`);
  }
}

async function parsedInTime(
  schema: z.ZodType | undefined,
  { what, payload }: WrittenPayload,
  refuse: Refuse,
): Promise<Parsed | undefined> {
  try {
    const parsed = await within(PATIENCE_MS, NEVER, () => schema?.safeParseAsync(payload));
    if (typeof parsed === 'object') return parsed.value;
  } catch (error) {
    throw refuse(`has ${what} that its payload schema cannot check: ${messageOf(error)}`);
  }
  throw refuse(`has ${what} whose check by its payload schema takes longer than ${PATIENCE_MS} ms`);
}
