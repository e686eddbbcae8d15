import type { PublishedType } from '#libs/contracts';
import { z } from 'zod';
import { InvalidRequestError } from '../problems/api-errors.js';

/** Schemas that were built, by their JSON; a worker that starts anew publishes the same ones. */
const built = new Map<string, z.ZodType | undefined>();
const MOST_KEPT = 1000;

/**
 * Checks a payload against what the type's workers published.
 *
 * @throws {InvalidRequestError} naming each part of the payload that does not fit.
 */
export function checkPayload(type: PublishedType, payload: unknown): void {
  const parsed = type.payload && schemaOf(type.payload)?.safeParse(payload);
  if (!parsed || parsed.success) return;
  throw new InvalidRequestError(
    parsed.error.issues.map(({ path, message }) => ({ path: ['payload', ...path].join('.'), message })),
  );
}

/** `undefined` for a schema that cannot be read here: the worker checks the payload all the same. */
function schemaOf(json: Record<string, unknown>): z.ZodType | undefined {
  const key = JSON.stringify(json);
  if (!built.has(key)) {
    if (built.size >= MOST_KEPT) built.clear();
    built.set(key, build(json));
  }
  return built.get(key);
}

function build(json: Record<string, unknown>): z.ZodType | undefined {
  try {
    return z.fromJSONSchema(json as Parameters<typeof z.fromJSONSchema>[0]);
  } catch {
    return undefined;
  }
}
