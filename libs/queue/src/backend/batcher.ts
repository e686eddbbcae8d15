import process from 'node:process';

// Taken once: tests that put fake timers in the place of the global ones must not stop the store.
const { nextTick } = process;

/** The whole call was refused before it changed anything: it is to be sent again after {@link BatchRules.recover}. */
export const REFUSED = Symbol('refused');

/** How operations travel together. */
export interface BatchRules<Operation, Answer> {
  /**
   * Sends operations in one call.
   *
   * @returns an answer each, in order; an `Error` rejects only the caller it stands for. A rejection is everybody's.
   */
  send(operations: readonly Operation[]): Promise<readonly (Answer | Error)[] | typeof REFUSED>;
  /** Does what a refused call needs before it can be sent again; called while nothing is in flight. */
  recover?(): Promise<void>;
  /** Most operations of a call. */
  maxOperations: number;
  /** Most bytes of a call; a single larger operation travels alone. */
  maxBytes: number;
  /** Bytes of an operation, roughly. */
  bytesOf(operation: Operation): number;
  /** How many operations one stands for; default 1. */
  weightOf?(operation: Operation): number;
}

interface Entry<Operation, Answer> {
  operation: Operation;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** While Redis works on one call, Node prepares the next; more would only make the calls smaller. */
const MAX_IN_FLIGHT = 2;
/** Fewer than this are not worth a call before the turn is over. */
const WORTH_A_CALL = 4;
/** How fast a peak is forgotten, by each call. */
const FADING = 0.95;

/**
 * Collects operations that are waiting in the same turn of the event loop and sends them in one call, with at most two
 * calls in flight; what arrives meanwhile waits and travels together. So a lone operation leaves at once, and
 * under load the calls grow. A call takes at most half of what has been under way at a time lately: while Redis works
 * on one half, Node prepares the other. Order is kept.
 */
export class Batcher<Operation, Answer> {
  private waiting: Entry<Operation, Answer>[] = [];
  private refused: Entry<Operation, Answer>[] = [];
  private inFlight = 0;
  private scheduled = false;
  private recovering = false;
  private closed = false;
  private idleCallbacks: (() => void)[] = [];
  /** Operations that wait, and those in flight. */
  private weight = 0;
  private weightInFlight = 0;
  /** Most operations under way lately. */
  private peak = 0;

  constructor(private readonly rules: BatchRules<Operation, Answer>) {}

  /** @returns the operation's own answer; rejects with its own error, or with that of the whole call, or when closed. */
  add(operation: Operation): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.checkOpen();
      this.waiting.push({ operation, resolve, reject });
      this.weight += this.weightOf(operation);
      this.peak = Math.max(this.peak, this.weight + this.weightInFlight);
      if (this.weight >= this.limit) this.sendWaiting();
      else this.schedule();
    });
  }

  /** Resolves once every operation taken so far has its answer. */
  async idle(): Promise<void> {
    if (!this.isBusy) return;
    await new Promise<void>((resolve) => this.idleCallbacks.push(resolve));
  }

  /** Takes no more operations. @returns a promise of when all taken so far have their answers, unless they have them. */
  close(): Promise<void> | undefined {
    this.closed = true;
    return this.isBusy ? this.idle() : undefined;
  }

  /** @throws once closed. */
  checkOpen(): void {
    if (this.closed) throw new Error('Connection is closed.');
  }

  /** Whether an operation has no answer yet. */
  private get isBusy(): boolean {
    return this.inFlight > 0 || this.waiting.length > 0 || this.recovering || this.refused.length > 0;
  }

  private get limit(): number {
    return Math.min(this.rules.maxOperations, Math.max(WORTH_A_CALL, Math.ceil(this.peak / 2)));
  }

  private weightOf(operation: Operation): number {
    return this.rules.weightOf?.(operation) ?? 1;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    nextTick(() => {
      this.scheduled = false;
      this.sendWaiting();
    });
  }

  private sendWaiting(): void {
    while (
      this.waiting.length > 0 &&
      this.inFlight < MAX_IN_FLIGHT &&
      !this.recovering &&
      this.refused.length === 0
    ) {
      void this.call(this.take());
    }
  }

  /** Takes what fits into one call off the front. */
  private take(): Entry<Operation, Answer>[] {
    const most = this.limit;
    let count = 0;
    let weight = 0;
    let bytes = 0;
    for (const { operation } of this.waiting) {
      weight += this.weightOf(operation);
      bytes += this.rules.bytesOf(operation);
      if (count > 0 && (weight > most || bytes > this.rules.maxBytes)) break;
      count += 1;
    }
    this.peak *= FADING;
    return this.waiting.splice(0, count);
  }

  private async call(entries: Entry<Operation, Answer>[]): Promise<void> {
    const weight = entries.reduce((sum, { operation }) => sum + this.weightOf(operation), 0);
    this.weight -= weight;
    this.weightInFlight += weight;
    this.inFlight += 1;
    try {
      await this.deliver(entries);
    } finally {
      this.inFlight -= 1;
      this.weightInFlight -= weight;
      if (this.refused.length > 0 && this.inFlight === 0) await this.recover();
      // At the end of the turn: the callers just answered may have more to send.
      this.schedule();
      if (!this.isBusy) for (const callback of this.idleCallbacks.splice(0)) callback();
    }
  }

  private async deliver(entries: Entry<Operation, Answer>[]): Promise<void> {
    let answers;
    try {
      answers = await this.rules.send(entries.map(({ operation }) => operation));
    } catch (error) {
      for (const { reject } of entries) reject(error);
      return;
    }
    if (answers === REFUSED) {
      this.refused.push(...entries);
      return;
    }
    for (let at = 0; at < entries.length; at++) {
      const { resolve, reject } = entries[at] as Entry<Operation, Answer>;
      const answer = answers[at] as Answer | Error;
      if (answer instanceof Error) reject(answer);
      else resolve(answer);
    }
  }

  /** Calls in flight come back in the order they were sent, so what was refused stands in order. */
  private async recover(): Promise<void> {
    const again = this.refused;
    this.refused = [];
    this.recovering = true;
    try {
      await this.rules.recover?.();
      this.waiting.unshift(...again);
      for (const { operation } of again) this.weight += this.weightOf(operation);
    } catch (error) {
      for (const { reject } of again) reject(error);
    } finally {
      this.recovering = false;
    }
  }
}
