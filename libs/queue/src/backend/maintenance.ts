import type { FinishedStatus } from 'bullmq';
import type { Scripts } from './scripts.js';

/** Jobs that can be cleaned some at a time; `failed-only` are neither cancelled nor dead letters, `queued` wait and are not delayed. */
export type CleanState = 'completed' | 'failed-only' | 'cancelled' | 'queued' | 'delayed';

export interface CleanPart {
  /** Unix ms. */
  before: number;
  /** Most jobs to remove. */
  most: number;
  /** Most steps; each looks at up to 500 jobs. */
  looks: number;
  rank: number;
  /** Only counts. */
  isDry: boolean;
}

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

  /**
   * Removes jobs that wait, at most `most`.
   *
   * @param delayed whether delayed jobs go too.
   * @returns how many were removed, and whether there may be more.
   */
  async drainSome(delayed: boolean, most: number): Promise<{ removed: number; more: boolean }> {
    let removed = 0;
    for (const part of delayed ? ['queue', 'delayed'] : ['queue', 'parked']) {
      for (let rank = 0; rank >= 0;) {
        if (removed >= most) return { removed, more: true };
        const [next, some] = await this.scripts.run<[number, number]>('drain', part, rank, most - removed);
        rank = next;
        removed += some;
      }
    }
    return { removed, more: false };
  }

  /**
   * Removes jobs of one state that finished, or else were added, before a time in ms; looks at a limited number of jobs.
   *
   * @param part.rank where to go on, 0 at first.
   * @returns how many were removed (with `isDry`: would be), and the rank to go on from, -1 at the end.
   */
  async cleanSome(state: CleanState, part: CleanPart): Promise<{ removed: number; rank: number }> {
    const { before, most, looks, isDry } = part;
    let [removed, rank] = [0, part.rank];
    for (let look = 0; look < looks && rank >= 0 && removed < most; look++) {
      const left = most - removed;
      const args = [before, left, rank, isDry ? '1' : '0'];
      const [ids, next] = await this.scripts.run<[string[], number]>('clean', state, ...args);
      removed += ids.length;
      rank = next;
    }
    if (!isDry) await this.scripts.run('emitCleaned', removed);
    return { removed, rank };
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
