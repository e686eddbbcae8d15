import type { JobJson } from 'bullmq';
import type { DroverBackend } from '../backend/drover-backend.js';

/** Priorities whose first job is looked at. */
const BANDS = 10;
/** Running jobs, and jobs that finished last, that are measured. */
const MEASURED = 100;
const MINUTE_MS = 60_000;

/** Limits of a queue over all workers; null = none. `duration` is ms. */
export interface QueueLimitsInForce {
  concurrency: number | null;
  rate: { max: number; duration: number } | null;
}

/** Ends of jobs within a minute that began at `at` (Unix ms). */
export interface MinuteOfEnds {
  at: number;
  completed: number;
  failed: number;
}

/** Milliseconds that jobs were ready before their first run began. */
export interface QueueTimes {
  jobs: number;
  p50: number;
  p95: number;
  max: number;
}

/** What there is to know of a whole queue; each question costs a few calls, however many jobs there are. */
export class QueueInspector {
  constructor(private readonly backend: DroverBackend) {}

  async isPaused(): Promise<boolean> {
    return this.backend.metadata.has('paused');
  }

  async limits(): Promise<QueueLimitsInForce> {
    const values = await this.backend.metadata.get(['concurrency', 'max', 'duration']);
    const [concurrency = null, max = null, duration = null] = values.map((text) =>
      text ? Number(text) : null,
    );
    return { concurrency, rate: max === null || duration === null ? null : { max, duration } };
  }

  /** How long the job that has waited for longest has done so, in ms; null when none waits. A few priorities are looked at. */
  async oldestWaitingMs(): Promise<number | null> {
    const ids = await this.backend.scripts.run<string[]>('oldest', BANDS);
    const jobs = await Promise.all(ids.map((id) => this.backend.reading.jobJson(id)));
    const since = jobs.flatMap((job) => (job ? [Math.max(readyAt(job), job.processedOn ?? 0)] : []));
    return since.length === 0 ? null : Math.max(0, Date.now() - Math.min(...since));
  }

  /** Queue times of jobs that run now or finished last, in ms; null when there are none. A retried job is not measured. */
  async queueTimes(): Promise<QueueTimes | null> {
    const ids = await this.backend.scripts.read(async (client) => {
      const key = (name: string) => this.backend.queueKeys.key(name);
      const lists = ['leases', 'completed', 'failed'].map((name) =>
        client.zrevrange(key(name), 0, MEASURED - 1),
      );
      const [running = [], completed = [], failed = []] = await Promise.all(lists);
      return [...running, ...completed.slice(0, MEASURED / 2), ...failed.slice(0, MEASURED / 2)];
    });
    const jobs = await Promise.all(ids.map((id) => this.backend.reading.jobJson(id)));
    const times = jobs.flatMap(queueTimeOf).sort((a, b) => a - b);
    if (times.length === 0) return null;
    const at = (part: number) => times[Math.min(times.length - 1, Math.floor(part * times.length))] as number;
    return { jobs: times.length, p50: at(0.5), p95: at(0.95), max: at(1) };
  }

  /** How many jobs ended in each of the last `minutes` minutes, the oldest first; the last one is not over. */
  async ends(minutes: number): Promise<MinuteOfEnds[]> {
    const [completed, failed] = await Promise.all([
      this.endsOf('completed', minutes),
      this.endsOf('failed', minutes),
    ]);
    const newest = Math.floor(Date.now() / MINUTE_MS);
    return Array.from({ length: minutes }, (_, at) => {
      const minute = newest - minutes + 1 + at;
      return {
        at: minute * MINUTE_MS,
        completed: completed.get(minute) ?? 0,
        failed: failed.get(minute) ?? 0,
      };
    });
  }

  /** Begins to count ends by minute, where nobody does so or has said how many minutes are kept. */
  async countEnds(minutes: number): Promise<void> {
    const key = this.backend.queueKeys.key('meta');
    await this.backend.scripts.read((client) => client.hsetnx(key, 'metrics', minutes));
  }

  private async endsOf(kind: 'completed' | 'failed', minutes: number): Promise<Map<number, number>> {
    const [[count, since, before], points] = await this.backend.metrics.get(kind, 0, minutes - 1);
    const found = new Map<number, number>();
    if (since === null) return found;
    const newest = Math.floor(Number(since) / MINUTE_MS);
    found.set(newest, Number(count) - Number(before ?? 0));
    points.forEach((ends, at) => found.set(newest - 1 - at, Number(ends)));
    return found;
  }
}

/** Unix ms at which a job could run for the first time. */
function readyAt({ timestamp, opts }: JobJson): number {
  return timestamp + (opts.delay ?? 0);
}

function queueTimeOf(job: JobJson | undefined): number[] {
  if (!job?.processedOn || !job.timestamp || job.attemptsStarted !== 1) return [];
  return [Math.max(0, job.processedOn - readyAt(job))];
}
