import type { FinishedStatus } from 'bullmq';
import type { Scripts } from './scripts.js';

/** Operations on the whole queue. Scripts are bounded; these call them until nothing is left. */
export class Maintenance {
  constructor(private readonly scripts: Scripts) {}

  async pause(pause: boolean): Promise<void> {
    await this.scripts.run('pause', pause ? '1' : '0');
  }

  /** Removes the jobs that wait, and with `delayed` those too. The current run of a job scheduler stays. */
  async drain(delayed: boolean): Promise<void> {
    // Parents whose children are removed may join the queue behind where the last look was.
    while ((await this.drainOnce(delayed ? ['queue', 'delayed'] : ['queue', 'parked'])) > 0);
  }

  /**
   * Removes jobs of one state that finished, or else were added, before a time in ms.
   *
   * @param limit most to remove; 0 = all.
   * @returns the ids removed.
   */
  async clean(given: string, before: number, limit: number): Promise<string[]> {
    const state = given === 'waiting' ? 'wait' : given;
    const removed: string[] = [];
    let rank = 0;
    do {
      const left = limit === 0 ? Number.MAX_SAFE_INTEGER : limit - removed.length;
      const [ids, next] = await this.scripts.run<[string[], number]>('clean', state, before, left, rank);
      removed.push(...ids);
      rank = next;
    } while (rank >= 0 && (limit === 0 || removed.length < limit));
    await this.scripts.run('emitCleaned', removed.length);
    return removed;
  }

  /** @returns 0 when nothing is left, else 1: call again. */
  async obliterate({ force, count }: { force: boolean; count: number }): Promise<number> {
    const answer = await this.scripts.run<number>('obliterate', count, force ? '1' : '0');
    if (answer === -1) throw new Error('Cannot obliterate non-paused queue');
    if (answer === -2) throw new Error('Cannot obliterate queue with active jobs');
    return answer;
  }

  /** @returns 0 when all are moved, else 1: call again. */
  retryMany(state: FinishedStatus, count: number, before: number): Promise<number> {
    return this.scripts.run<number>('retryMany', state, count, before);
  }

  /** @returns 0 when all are moved, else 1: call again. */
  promoteMany(count: number): Promise<number> {
    return this.scripts.run<number>('retryMany', 'delayed', count, '+inf');
  }

  private async drainOnce(parts: readonly string[]): Promise<number> {
    let all = 0;
    for (const part of parts) {
      let rank = 0;
      while (rank >= 0) {
        const [next, removed] = await this.scripts.run<[number, number]>('drain', part, rank);
        rank = next;
        all += removed;
      }
    }
    return all;
  }
}
