import { createHash } from 'node:crypto';
import type { JobType } from '../handler/job-type.js';

/** The same text for values that are equal as JSON, whatever the order of their keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** What a result is kept under: type, version of its handler, and payload as the schema made it. */
export function cacheKey({ type, version }: JobType, payload: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([type, version, canonical(payload ?? null)]))
    .digest('base64url');
}
