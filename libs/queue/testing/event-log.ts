import type { EventEmitter } from 'node:events';
import { Collected } from './signals.js';

/** Names of the events that a store writes by itself. */
export const EVENT_NAMES = [
  'active',
  'added',
  'cleaned',
  'completed',
  'deduplicated',
  'delayed',
  'drained',
  'duplicated',
  'failed',
  'paused',
  'progress',
  'removed',
  'resumed',
  'retries-exhausted',
  'stalled',
  'waiting',
  'waiting-children',
] as const;

export type EventName = (typeof EVENT_NAMES)[number];

/** One event as `QueueEvents` tells it; `id` is its place in the stream. */
export interface LoggedEvent {
  event: string;
  id: string;
  fields: Record<string, unknown>;
}

/** All that a `QueueEvents` tells, in order, from the moment the log was opened. */
export class EventLog {
  private readonly log = new Collected<LoggedEvent>();

  constructor(readonly events: unknown) {
    for (const event of EVENT_NAMES) {
      (events as EventEmitter).on(event, (...args: unknown[]) => {
        const id = String(args.at(-1));
        const fields = (args.length > 1 ? args[0] : {}) as Record<string, unknown>;
        this.log.add({ event, id, fields });
      });
    }
  }

  get all(): readonly LoggedEvent[] {
    return this.log.values;
  }

  /** Waits for the event with these fields (others may be there too). @returns its fields. */
  async find(event: EventName, fields: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const [found] = await this.count(event, 1, fields);
    return found as Record<string, unknown>;
  }

  /** Waits for `count` of such events. @returns the fields of all that came, in order. */
  async count(
    event: EventName,
    count: number,
    fields: Record<string, unknown> = {},
  ): Promise<Record<string, unknown>[]> {
    const what = `${count} × ${event} ${JSON.stringify(fields)}`;
    const all = await this.log.until((seen) => matching(seen, event, fields).length >= count, what);
    return matching(all, event, fields).map((one) => one.fields);
  }

  /** Names of all events of one job until now, in order. */
  namesOf(jobId: string): string[] {
    return this.all.filter((one) => one.fields['jobId'] === jobId).map((one) => one.event);
  }

  /** How many of such events came until now. To say "none came", wait for a later event first. */
  seen(event: EventName, fields: Record<string, unknown> = {}): number {
    return matching(this.all, event, fields).length;
  }
}

function matching(events: readonly LoggedEvent[], event: string, fields: Record<string, unknown>) {
  const wanted = Object.entries(fields);
  return events.filter(
    (one) => one.event === event && wanted.every(([name, value]) => one.fields[name] === value),
  );
}
