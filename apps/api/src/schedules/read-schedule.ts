import type { TraitOptions } from '#libs/queue';

/** Options of the runs of a schedule. */
export type ScheduleOptions = TraitOptions & {
  /** Fingerprint of the request with an idempotency key that made the schedule. */
  request?: string;
};

/** A job scheduler as it is stored. Times are Unix ms. */
export interface StoredSchedule {
  readonly queue: string;
  readonly id: string;
  readonly type: string;
  readonly cron: string | undefined;
  readonly timeZone: string | undefined;
  readonly every: number | undefined;
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly limit: number | undefined;
  readonly payload: unknown;
  /** Options of each run. */
  readonly opts: ScheduleOptions;
  readonly paused: boolean;
  /** Runs it has made, the next one counted in. */
  readonly made: number;
  /** Number of the next run among those that `limit` allows. */
  readonly count: number;
  /** When the next run is due, or the current one was; undefined when it is paused. */
  readonly next: number | undefined;
}

/**
 * @param flat the scheduler's fields and their values in turn.
 * @param time of its current run; `inf` for a paused one.
 */
export function readSchedule(
  queue: string,
  id: string,
  flat: readonly string[],
  time: string,
): StoredSchedule {
  const fields = new Map<string, string>();
  for (let at = 0; at < flat.length; at += 2) fields.set(flat[at] ?? '', flat[at + 1] ?? '');
  const number = (name: string) => (fields.get(name) ? Number(fields.get(name)) : undefined);
  const paused = !Number.isFinite(Number(time));
  const run = parsed(fields.get('run')) as { repeat?: { count?: number } } | undefined;
  return {
    queue,
    id,
    type: fields.get('name') ?? '',
    cron: fields.get('pattern') || undefined,
    timeZone: fields.get('tz') || undefined,
    every: number('every'),
    start: number('startDate'),
    end: number('endDate'),
    limit: number('limit'),
    payload: parsed(fields.get('data')) ?? {},
    opts: (parsed(fields.get('opts')) ?? {}) as ScheduleOptions,
    paused,
    made: number('ic') ?? 0,
    count: run?.repeat?.count ?? 1,
    next: paused ? undefined : Math.floor(Number(time)),
  };
}

/** Anybody can write there: what is no JSON is nothing. */
function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
