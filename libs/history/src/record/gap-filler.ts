import type { EventFeed } from '#libs/queue';
import type { Gaps, OpenGap } from './gaps.js';
import type { JobWriter } from './job-writer.js';

const A_PIECE = 200;

/** Fills gaps of the history with what Redis still has. */
export class GapFiller {
  private filling: Promise<void> = Promise.resolve();
  private isBusy = false;
  private stopped = false;

  /**
   * @param onFilled told how many jobs were found, when a gap is closed that is none of a first start
   * @param onTrouble told why it has stopped; the gap stays open
   */
  constructor(
    private readonly gaps: Gaps,
    private readonly feed: EventFeed,
    private readonly writer: JobWriter,
    private readonly onFilled: (jobs: number) => void,
    private readonly onTrouble: (error: unknown) => void,
  ) {}

  /** Whether it is at work. */
  get isFilling(): boolean {
    return this.isBusy;
  }

  /** Ends after the piece that is under way; what is left open is filled by whoever comes next. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.filling;
  }

  /** Fills open gaps beside the reading, from all jobs that Redis still has. */
  start(): void {
    if (this.isBusy || this.stopped) return;
    this.isBusy = true;
    this.filling = this.fillAll()
      .catch((error: unknown) => this.onTrouble(error))
      .finally(() => (this.isBusy = false));
  }

  private async fillAll(): Promise<void> {
    for (let gap = await this.gaps.take(); gap && !this.stopped; gap = await this.gaps.take()) {
      let cursor = '0';
      do {
        const { next, ids } = await this.feed.ids(cursor, A_PIECE);
        const found = await this.writer.write(new Map(ids.map((id) => [id, []])));
        await this.gaps.progress(gap.id, found);
        cursor = next;
      } while (cursor !== '0' && !this.stopped);
      await this.settleMissing(gap);
      if (this.stopped) return;
      const filled = await this.gaps.close(gap.id);
      if (gap.reason !== 'first start') this.onFilled(filled);
    }
  }

  /** Jobs that were not finished when they were seen last, and that Redis has no more: their ends are in the gap. */
  private async settleMissing(gap: OpenGap): Promise<void> {
    for (let after = ''; !this.stopped;) {
      const ids = await this.gaps.unfinishedJobs(after, A_PIECE);
      const last = ids.at(-1);
      if (last === undefined) return;
      const { at, jobs } = await this.feed.snapshot(ids);
      await this.gaps.noteMissing(
        ids.filter((_, place) => place < jobs.length && !jobs[place]),
        at,
      );
      await this.gaps.progress(gap.id, 0);
      after = ids[jobs.length - 1] ?? last;
    }
  }
}
