import type { JobReports, Progress } from '../handler/context.js';
import { messageOf } from './thrown.js';

/** Lines that wait to be sent, at most. Of a job's log the queue keeps no more than the newest 1000 anyway. */
const MAX_WAITING_LINES = 1000;
/** Lines on their way at a time. */
const MAX_LINES_UNDER_WAY = 50;

interface Line {
  readonly text: string;
  resolve(): void;
}

/**
 * Sends what a run reports, in order and in bounds, whatever its handler does: of lines that wait the oldest give way, and of
 * values of progress that come too fast only the newest is sent.
 */
export class Reports {
  private isOpen = true;
  private waiting: Line[] = [];
  private underWay = 0;
  private newest: { readonly value: Progress } | undefined;
  private sending: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private quietUntil = 0;
  private lost = 0;
  private turn: Promise<void> | undefined;
  private onIdle: (() => void)[] = [];

  /**
   * @param progressEveryMs shortest time from one progress that is sent to the next.
   * @param warn told of the first report that could not be sent, and at the end how many more there were.
   */
  constructor(
    private readonly jobId: string,
    private readonly sink: JobReports,
    private readonly progressEveryMs: number,
    private readonly warn: (message: string) => void,
  ) {}

  /** Resolves when the line is kept, lost, or has given way to newer ones. */
  log(text: string): Promise<void> {
    if (!this.isOpen) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.push({ text, resolve });
      this.sendLines();
      if (this.waiting.length > MAX_WAITING_LINES) this.waiting.shift()?.resolve();
    });
  }

  /** Resolves when the value is kept or lost; in the same turn of the event loop when it has to wait, since a newer one may take its place. */
  progress(value: Progress): Promise<void> {
    if (!this.isOpen) return Promise.resolve();
    this.newest = { value };
    if (!this.sending && performance.now() >= this.quietUntil) return this.sendProgress();
    this.sendProgressLater();
    return this.endOfTurn();
  }

  /** Resolves when everything reported so far is kept or lost. */
  async flush(): Promise<void> {
    while (this.sending ?? this.newest) await this.sendProgress();
    if (this.underWay > 0) await new Promise<void>((resolve) => this.onIdle.push(resolve));
  }

  /** What is reported from now on is dropped, as is what still waits. */
  close(): void {
    this.isOpen = false;
    clearTimeout(this.timer);
    this.newest = undefined;
    for (const { resolve } of this.waiting.splice(0)) resolve();
    if (this.lost > 1) this.warn(`${this.lost - 1} more reports of job ${this.jobId} were lost`);
  }

  private sendLines(): void {
    while (this.underWay < MAX_LINES_UNDER_WAY) {
      const line = this.waiting.shift();
      if (!line) break;
      this.underWay += 1;
      void this.send(() => this.sink.log(line.text)).then(() => {
        this.underWay -= 1;
        line.resolve();
        this.sendLines();
      });
    }
    if (this.underWay === 0) for (const resolve of this.onIdle.splice(0)) resolve();
  }

  private sendProgressLater(): void {
    const ms = Math.max(0, this.quietUntil - performance.now());
    this.timer ??= setTimeout(() => void this.sendProgress(), ms);
  }

  /** One at a time, so that an older value never takes the place of a newer one. */
  private sendProgress(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.sending ??= this.sendNewest().finally(() => {
      this.sending = undefined;
      if (this.newest) this.sendProgressLater();
    });
    return this.sending;
  }

  private async sendNewest(): Promise<void> {
    const { newest } = this;
    if (!newest) return;
    this.newest = undefined;
    this.quietUntil = performance.now() + this.progressEveryMs;
    await this.send(() => this.sink.progress(newest.value));
  }

  private async send(report: () => Promise<void>): Promise<void> {
    try {
      await report();
    } catch (error) {
      this.lost += 1;
      if (this.lost === 1) this.warn(`a report of job ${this.jobId} was lost: ${messageOf(error)}`);
    }
  }

  /** A handler that does nothing but report still lets the rest of the process have its turn. */
  private endOfTurn(): Promise<void> {
    this.turn ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => (this.turn = undefined));
    return this.turn;
  }
}
