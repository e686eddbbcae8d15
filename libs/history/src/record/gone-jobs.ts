import type { EventFeed } from '#libs/queue';
import type { Gaps } from './gaps.js';

const UNSEEN_MS = 60_000;
const A_PIECE = 200;
const PIECES = 5;

/**
 * Finds unfinished jobs that Redis has no more without a word of them: drained or cleaned queues, next runs of deleted schedules, keys
 * that ran out. Looks at a bounded number each time, and begins again at the end.
 */
export class GoneJobs {
  private after = '';

  constructor(
    private readonly gaps: Gaps,
    private readonly feed: EventFeed,
    private readonly unseenMs = UNSEEN_MS,
  ) {}

  /** Looks at the next ones. */
  async lookOn(): Promise<void> {
    for (let piece = 0; piece < PIECES; piece++) {
      const ids = await this.gaps.unfinishedJobs(this.after, A_PIECE, this.unseenMs);
      const last = ids.at(-1);
      if (last === undefined) {
        this.after = '';
        return;
      }
      const { at, jobs } = await this.feed.snapshot(ids);
      await this.gaps.noteGone(
        ids.filter((_, place) => place < jobs.length && !jobs[place]),
        at,
      );
      this.after = ids[jobs.length - 1] ?? last;
    }
  }
}
