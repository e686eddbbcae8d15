import { setTimeout as sleep } from 'node:timers/promises';
import type { EventBatch, QueueEvent } from '#libs/queue';
import { GapFiller } from './gap-filler.js';
import { Gaps, wentBack } from './gaps.js';
import { GoneJobs } from './gone-jobs.js';
import { JobWriter } from './job-writer.js';
import type { RecorderOptions } from './recorder-options.js';
import { jobOf, timeOf } from './timeline.js';

/** Name of the consumer group on every queue's event stream. */
export const GROUP = 'history';

const MOST_EVENTS = 4000;
/** Events gather for so long, so that a job that starts and ends soon is written once. */
const GATHER_MS = 500;
/** Longest wait for news; between waits it is looked after what dead readers left. */
const WAIT_MS = 5000;
/** A reader that has not acknowledged for so long has died. Its events are only written twice if it has not. */
const DEAD_MS = 15_000;
/** A reader of which nothing was heard for so long is dropped from the group. */
const GONE_MS = 3_600_000;
const CLAIM_EVERY_MS = 5000;
/** How often the position is noted, and what is known of how far behind it is. */
const NOTE_EVERY_MS = 5000;
const RETRY_MS = 1000;
const STOP_MS = 3000;

/**
 * Writes what happens in one queue to the history: reads its event stream as a member of a consumer group, looks at the jobs that
 * the events are about, writes one row for each, and acknowledges only then. So nothing is lost when it is killed; what is read
 * twice is written twice, with the same outcome. Redis or the database may go away: it waits and goes on.
 */
export class Recorder {
  /** ms since 1970 of the oldest event that is not written yet; `undefined` when there is none. */
  private oldest: number | undefined;
  private trouble: string | undefined;
  /** Read and not acknowledged: written again before anything else is read. */
  private unwritten: readonly QueueEvent[] = [];
  private stopped = false;
  private running: Promise<void> | undefined;
  private readonly ending = new AbortController();
  private nextClaim = 0;
  private nextNote = 0;
  private readonly gaps: Gaps;
  private readonly writer: JobWriter;
  private readonly filler: GapFiller;
  private readonly gone: GoneJobs;

  constructor(private readonly options: RecorderOptions) {
    this.gaps = new Gaps(options.database, options.queue);
    this.writer = new JobWriter(options);
    this.gone = new GoneJobs(this.gaps, options.feed, options.unseenMs);
    this.filler = new GapFiller(
      this.gaps,
      options.feed,
      this.writer,
      (jobs) => this.warn(`the gap was filled with ${jobs} jobs that Redis still has`),
      (error) => this.onTrouble(error),
    );
  }

  /** Name of the queue. */
  get queue(): string {
    return this.options.queue;
  }

  /** Begins; does nothing when it has begun. */
  start(): void {
    this.running ??= this.run();
  }

  /** Milliseconds that the history is behind, what it waits for, and whether a gap is being filled. */
  get state(): { lagMs: number; trouble: string | undefined; isFilling: boolean } {
    const lagMs = this.oldest === undefined ? 0 : Math.max(0, Date.now() - this.oldest);
    return { lagMs, trouble: this.trouble, isFilling: this.filler.isFilling };
  }

  /** Finishes what is under way, if Redis and the database answer, and leaves the group. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.options.waiter.close();
    this.ending.abort();
    const done = Promise.all([this.running, this.filler.stop()]).then(() => this.leave());
    await Promise.race([done.catch(() => undefined), sleep(STOP_MS, undefined, { ref: false })]);
  }

  private async leave(): Promise<void> {
    if (this.running) await this.options.feed.leave(GROUP, this.options.consumer);
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.turn();
        this.settled();
      } catch (error) {
        // Whoever stops it ends its wait, which is no trouble.
        if (this.stopped) return;
        this.onTrouble(error);
        await this.rest(RETRY_MS);
      }
    }
  }

  /** Everything there is to read now, then a wait for more. */
  private async turn(): Promise<void> {
    const { feed, consumer, waiter } = this.options;
    await this.write(this.unwritten);
    if (Date.now() >= this.nextClaim) await this.takeOver();
    const batch = await feed.read(GROUP, consumer, MOST_EVENTS);
    if (batch === 'no stream') return waiter.wait('0-0', WAIT_MS);
    if (batch === 'no group') return this.join();
    if (batch.lost !== 0) await this.noteLoss(batch);
    await this.write(batch.events);
    if (Date.now() >= this.nextNote) await this.note(batch);
    if (this.stopped || batch.events.length >= MOST_EVENTS) return;
    this.oldest = undefined;
    await waiter.wait(batch.last, WAIT_MS);
    await this.rest(GATHER_MS);
  }

  /** Creates the group. Where there was one before, Redis has lost it, and the stream with it. */
  private async join(): Promise<void> {
    const position = await this.gaps.position();
    await this.gaps.report({
      reason: position === undefined ? 'first start' : 'stream lost',
      from: position,
      to: '0-0',
    });
    if (position !== undefined) this.warn(`Redis has lost the event stream behind ${position}`);
    await this.options.feed.createGroup(GROUP);
    await this.gaps.notePosition('0-0');
    this.filler.start();
  }

  private async noteLoss({ after, last, lost }: EventBatch): Promise<void> {
    this.warn(`${lost < 0 ? 'some' : lost} events after ${after} were trimmed before they were recorded`);
    await this.gaps.report({ reason: 'trimmed', from: after, to: last, ...(lost > 0 && { lost }) });
    this.filler.start();
  }

  private async note({ events, after, last }: EventBatch): Promise<void> {
    const position = await this.gaps.position();
    // The group is one of another database than this.
    if (position === undefined) await this.gaps.report({ reason: 'first start', to: last });
    if (wentBack(position, last)) {
      this.warn(`the event stream went back from ${position} to ${last}: Redis was restored`);
      await this.gaps.report({ reason: 'went back', from: position, to: last });
    }
    await this.gaps.notePosition(events.at(-1)?.id ?? after);
    await this.gone.lookOn();
    this.nextNote = Date.now() + NOTE_EVERY_MS;
    this.filler.start();
  }

  /** Takes what readers left that have died. */
  private async takeOver(): Promise<void> {
    const { feed, consumer, isAlone } = this.options;
    // Once: what others of this process' time hold is theirs.
    const idleMs = isAlone && this.nextClaim === 0 ? 0 : DEAD_MS;
    for (let from = '0-0'; ;) {
      const claimed = await feed.claim(GROUP, consumer, idleMs, from, MOST_EVENTS).catch(orNothing);
      if (claimed.lost > 0) {
        this.warn(`${claimed.lost} events that a reader had taken were trimmed before they were recorded`);
        await this.gaps.report({ reason: 'trimmed', to: claimed.next, lost: claimed.lost });
        this.filler.start();
      }
      await this.write(claimed.events);
      from = claimed.next;
      if (from === '0-0' || this.stopped) break;
    }
    await feed.leave(GROUP, '', GONE_MS);
    this.nextClaim = Date.now() + CLAIM_EVERY_MS;
  }

  /** Writes the jobs that these events are about, then acknowledges them. */
  private async write(events: readonly QueueEvent[]): Promise<void> {
    const [first] = events;
    if (!first) return;
    this.oldest = timeOf(first.id);
    this.unwritten = events;
    await this.writer.write(byJob(events));
    const ids = events.map(({ id }) => id);
    await this.options.feed.acknowledge(GROUP, ids);
    this.unwritten = [];
  }

  /** Waits; not when it is stopped. */
  private async rest(ms: number): Promise<void> {
    await sleep(ms, undefined, { ref: false, signal: this.ending.signal }).catch(() => undefined);
  }

  private settled(): void {
    if (this.trouble !== undefined) this.warn('goes on');
    this.trouble = undefined;
  }

  private onTrouble(error: unknown): void {
    if (this.stopped) return;
    const reason = String(error).split('\n')[0] ?? '';
    if (this.trouble === undefined)
      this.options.log.error(`history of ${this.options.queue} waits: ${reason}`);
    this.trouble = reason;
  }

  private warn(text: string): void {
    this.options.log.warn(`history of ${this.options.queue}: ${text}`);
  }
}

/** Events by the jobs that they are about. */
function byJob(events: readonly QueueEvent[]): Map<string, QueueEvent[]> {
  const jobs = new Map<string, QueueEvent[]>();
  for (const event of events) {
    const id = jobOf(event);
    if (id === undefined) continue;
    const known = jobs.get(id);
    // What was before is about another job that had the id.
    if (known && event.event !== 'added') known.push(event);
    else jobs.set(id, [event]);
  }
  return jobs;
}

/** Before the first entry there is no group to take from. */
function orNothing(error: unknown): { next: string; events: QueueEvent[]; lost: number } {
  if (!/NOGROUP|no such key/i.test(String(error))) throw error;
  return { next: '0-0', events: [], lost: 0 };
}
