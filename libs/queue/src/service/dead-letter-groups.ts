import { createHash } from 'node:crypto';
import type { DroverBackend } from '../backend/drover-backend.js';

/** Dead letters that are looked at: the newest. */
export const MOST_GROUPED = 10_000;
const LOOK = 500;
const FIELDS = 5;
/** Bytes of a reason that count. */
const REASON_BYTES = 300;

/** Dead letters of one type that died of the same. Times are Unix ms. */
export interface DeadLetterGroup {
  /** Stands for type, code and reason; the same in every process. */
  fingerprint: string;
  type: string;
  code: string | undefined;
  /** With `#` for what differs from job to job: numbers, ids, quoted words. */
  reason: string;
  count: number;
  first: number;
  last: number;
  /** The one that died last. */
  example: string;
}

/** Groups the newest {@link MOST_GROUPED} dead letters, the largest group first. `complete`: there are no older ones. */
export async function groupDeadLetters(
  backend: DroverBackend,
): Promise<{ groups: DeadLetterGroup[]; looked: number; complete: boolean }> {
  const groups = new Map<string, DeadLetterGroup>();
  let looked = 0;
  let complete = false;
  while (looked < MOST_GROUPED && !complete) {
    const flat = await backend.scripts.run<string[]>(
      'deadLetterReasons',
      looked,
      backend.storeOptions.defaultType,
      REASON_BYTES,
    );
    for (let at = 0; at < flat.length; at += FIELDS) note(groups, flat.slice(at, at + FIELDS));
    looked += flat.length / FIELDS;
    complete = flat.length < LOOK * FIELDS;
  }
  return {
    groups: [...groups.values()].sort((a, b) => b.count - a.count || b.last - a.last),
    looked,
    complete,
  };
}

function note(groups: Map<string, DeadLetterGroup>, row: readonly string[]): void {
  const [id = '', time = '', type = '', code = '', given = ''] = row;
  const reason = sameForAll(given);
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([type, code, reason]))
    .digest('hex')
    .slice(0, 16);
  const died = Number(time);
  const known = groups.get(fingerprint);
  if (known) {
    known.count += 1;
    known.first = Math.min(known.first, died);
    known.last = Math.max(known.last, died);
    return;
  }
  const fields = { type, code: code || undefined, reason, count: 1, first: died, last: died, example: id };
  groups.set(fingerprint, { fingerprint, ...fields });
}

/** A reason without what differs from job to job. */
export function sameForAll(reason: string): string {
  return reason
    .replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi, '#')
    .replace(/"[^"]{0,300}"|'[^']{0,300}'/g, '#')
    .replace(/\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi, '#')
    .replace(/\d+/g, '#')
    .replace(/\s+/g, ' ')
    .trim();
}
