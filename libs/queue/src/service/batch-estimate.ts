/** What is known of a batch that goes on, for estimates. Times are ms since 1970, durations ms. */
export interface Pace {
  now: number;
  /** What one run takes. */
  duration: number;
  /** Most jobs at a time; 0 = no limit. */
  limit: number;
  /** When the running jobs of the batch started. */
  startedOn: readonly number[];
  /** Jobs of the queue that run. */
  runningInQueue: number;
}

/** When a job is expected to start and to end, in ms since 1970. */
export interface Estimate {
  startAt: number;
  finishAt: number;
}

/**
 * How many jobs of the batch are taken to run side by side: as many as do now, since workers may have other work; while none runs, as
 * many as may.
 */
function lanesOf({ limit, startedOn, runningInQueue }: Pace): number {
  if (startedOn.length > 0) return startedOn.length;
  return limit > 0 ? limit : Math.max(1, runningInQueue);
}

/**
 * When a job that waits is expected to run. Each of the lanes takes the next job when its run is over, each run takes as long as the
 * others. Jobs of others that stand before it are expected to be done by all that runs in the queue now.
 *
 * @param ahead jobs of the batch that wait before it.
 * @param aheadInQueue all jobs that wait before it.
 */
export function estimateWaiting(pace: Pace, ahead: number, aheadInQueue: number): Estimate {
  const { now, duration, startedOn, runningInQueue } = pace;
  const lanes = lanesOf(pace);
  const free = startedOn.map((started) => Math.max(0, started + duration - now)).sort((a, b) => a - b);
  const byBatch = (free[ahead % lanes] ?? 0) + Math.floor(ahead / lanes) * duration;
  const others = Math.max(0, aheadInQueue - ahead);
  const byQueue = (others * duration) / Math.max(1, runningInQueue);
  const startAt = now + Math.max(byBatch, byQueue);
  return { startAt, finishAt: startAt + duration };
}

/** When a job that runs is expected to end. */
export function estimateRunning({ now, duration }: Pace, startedOn: number): Estimate {
  return { startAt: startedOn, finishAt: Math.max(now, startedOn + duration) };
}

/** When the last of `waiting` jobs and of the running ones is expected to end. */
export function estimateAll(pace: Pace, waiting: number): number {
  if (waiting > 0) return estimateWaiting(pace, waiting - 1, waiting - 1).finishAt;
  return Math.max(pace.now, ...pace.startedOn.map((started) => estimateRunning(pace, started).finishAt));
}
