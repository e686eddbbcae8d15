import { Logger } from '@nestjs/common';
import type { FolderArtifacts } from '#libs/artifacts';

/** What {@link ArtifactSweeper} is told about how long artifacts are kept: ms, for ever, or that it cannot be known now. */
export type ArtifactsKept = number | 'for ever' | 'unknown';

/** Times between two passes, in ms. */
export interface SweepTimes {
  /** While there are folders left to look at. */
  readonly next: number;
  /** After all have been looked at. */
  readonly round: number;
}

const DEFAULT_TIMES: SweepTimes = { next: 10_000, round: 3_600_000 };

/**
 * Removes artifacts that have been kept long enough: a limited number of jobs at each pass, all of them in a round
 * every hour. Several workers may do so in one folder at the same time: what is gone is gone.
 */
export class ArtifactSweeper {
  private readonly logger = new Logger('Artifacts');
  private timer: NodeJS.Timeout | undefined;
  private passing: Promise<void> = Promise.resolve();
  private isStopped = false;

  /** @param kept asked before each pass. */
  constructor(
    private readonly store: Pick<FolderArtifacts, 'sweep'>,
    private readonly kept: () => Promise<ArtifactsKept>,
    private readonly times: SweepTimes = DEFAULT_TIMES,
  ) {}

  /** Begins with a pass as soon as `ready` has resolved, by default at once; the others follow. */
  start(ready?: Promise<void>): void {
    if (ready) void ready.then(() => this.start());
    else if (!this.isStopped) this.passing = this.pass();
  }

  /** Resolves when the pass under way has ended. */
  stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    return this.passing;
  }

  private async pass(): Promise<void> {
    const wait = await this.sweep().catch((error: Error) => {
      this.logger.warn(`artifacts were not looked through: ${error.message}`);
      return this.times.round;
    });
    if (this.isStopped) return;
    // Workers that were started together need not go through the folder together.
    this.timer = setTimeout(() => this.start(), wait * (0.75 + Math.random() / 2));
    this.timer.unref();
  }

  /** @returns how long to wait for the next pass */
  private async sweep(): Promise<number> {
    const kept = await this.kept();
    if (kept === 'unknown') return this.times.next;
    if (kept === 'for ever' || this.isStopped) return this.times.round;
    const { removed, failed, done } = await this.store.sweep(kept);
    if (removed > 0) this.logger.log(`removed old artifacts: jobs ${removed}`);
    if (failed > 0)
      this.logger.warn(`old artifacts that could not be removed, and will be tried again: folders ${failed}`);
    return done ? this.times.round : this.times.next;
  }
}
