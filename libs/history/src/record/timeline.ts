import type { QueueEvent } from '#libs/queue';
import { toTextColumn } from './json-column.js';

/** Events of one job by their ids in the stream, as they are kept: what happened, and a detail that depends on it. */
export type Timeline = Record<string, [event: string, detail?: string]>;

/** Characters of a reason; the whole one stands beside. */
const DETAIL = 200;

/** What a job's timeline tells. Not `progress`, of which there is no end. */
const TOLD = new Set([
  'added',
  'waiting',
  'active',
  'delayed',
  'waiting-children',
  'stalled',
  'completed',
  'failed',
  'retries-exhausted',
  'removed',
]);

/** Events after which a job is another one than before, or is to be looked at again. */
const ABOUT_JOBS = new Set([...TOLD, 'progress']);

/** Id of the job that an event says something new of. */
export function jobOf({ event, fields }: QueueEvent): string | undefined {
  return ABOUT_JOBS.has(event) ? fields['jobId'] : undefined;
}

/**
 * The part of the timeline that these events of one job make, a {@link Timeline} as JSON. Text at once: an object with keys of its own for each job is what JavaScript is slowest at.
 */
export function timelineOf(events: readonly QueueEvent[]): string {
  const told: string[] = [];
  for (const { id, event, fields } of events) {
    if (!TOLD.has(event)) continue;
    const detail = fields['failedReason'] ?? fields['delay'] ?? fields['prev'];
    const more = detail === undefined ? '' : `,${JSON.stringify(toTextColumn(detail.slice(0, DETAIL)))}`;
    told.push(`"${id}":["${event}"${more}]`);
  }
  return `{${told.join(',')}}`;
}

/** Time of an entry, in ms since 1970. */
export const timeOf = (entryId: string): number => Number(entryId.slice(0, entryId.indexOf('-')));

/** An entry's id as a number that grows with it: ms * 1,000,000 + number within that millisecond. */
export function versionOf(entryId: string): bigint {
  const [ms = '0', number = '0'] = entryId.split('-');
  return BigInt(ms) * 1_000_000n + BigInt(number);
}
