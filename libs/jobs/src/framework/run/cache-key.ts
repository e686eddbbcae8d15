import { createHash } from 'node:crypto';
import type { ResolvedRun } from './run.js';

/**
 * What a result is kept under: type, version of its handler, and payload. The payload is taken as the schema made it, unless that
 * is more than JSON can tell apart (a `Map`, say): then as the producer gave it.
 */
export function cacheKey({ type, payload, job }: ResolvedRun): string {
  const input = isJson(payload) ? payload : job.payload;
  return createHash('sha256')
    .update(JSON.stringify([type.type, type.version, canonical(input ?? null)]))
    .digest('base64url');
}

/** The same text for values that are equal as JSON, whatever the order of their keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** Whether different values of this kind have different texts. */
function isJson(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object') return typeof value === 'string' || typeof value === 'boolean';
  if (Array.isArray(value)) return value.every(isJson);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJson);
}
