import type { HistoryJob } from '#libs/contracts';
import { timeOf, versionOf, type Timeline } from '../record/timeline.js';

type Entry = HistoryJob['timeline'][number];

/** Times of a job that stand for events nobody saw: of one read from Redis to fill a gap. */
export interface KnownTimes {
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  status: string;
}

/** What happened to a job, oldest first; each `active` with its number. */
export function timelineEntries(timeline: Timeline, known: KnownTimes): Entry[] {
  const told = Object.entries(timeline).sort(([a], [b]) => (versionOf(a) < versionOf(b) ? -1 : 1));
  if (told.length === 0) return fromTimes(known);
  let attempt = 0;
  return told.map(([id, [event, detail]]) => ({
    at: new Date(timeOf(id)).toISOString(),
    event,
    ...(event === 'active' && { attempt: ++attempt }),
    ...(detail !== undefined && { detail: event === 'delayed' ? timeText(detail) : detail }),
  }));
}

function fromTimes({ createdAt, startedAt, finishedAt, status }: KnownTimes): Entry[] {
  return [
    { at: createdAt.toISOString(), event: 'added' },
    ...(startedAt ? [{ at: startedAt.toISOString(), event: 'active' }] : []),
    ...(finishedAt
      ? [{ at: finishedAt.toISOString(), event: status === 'cancelled' ? 'failed' : status }]
      : []),
  ];
}

function timeText(ms: string): string {
  const time = new Date(Number(ms));
  return Number.isNaN(time.getTime()) ? ms : time.toISOString();
}
