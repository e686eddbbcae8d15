import { InvalidOptionError } from '../errors/index.js';
import type { Scripts } from './scripts.js';

/** Sum, time in ms of the first end in the newest minute, sum before it: null where no job has ended. */
export type MetricsMeta = [string | null, string | null, string | null];

/** How many jobs ended, minute by minute, in a queue with a worker that collects it. */
export class EndMetrics {
  constructor(private readonly scripts: Scripts) {}

  /**
   * @param start first minute, 0 = the newest that is over; `end` last one, -1 = the oldest.
   * @returns the sums, ends per minute newest first, and how many minutes there are.
   * @throws {InvalidOptionError} for a type or position that cannot be.
   */
  async get(
    type: 'completed' | 'failed',
    start: number,
    end: number,
  ): Promise<[MetricsMeta, string[], number]> {
    if (type !== 'completed' && type !== 'failed') {
      throw new InvalidOptionError(`metrics are kept of completed and failed jobs, not of ${String(type)}`);
    }
    for (const [name, position] of Object.entries({ start, end })) {
      if (!Number.isSafeInteger(position)) {
        throw new InvalidOptionError(`${name} of metrics must be a whole number, not ${String(position)}`);
      }
    }
    return this.scripts.run<[MetricsMeta, string[], number]>('getMetrics', type, start, end);
  }
}
