import type { RawClaim } from './advancing.js';

/** What a claim under a token brings. */
export type Claim = (token: string) => Promise<RawClaim>;

/** Most claims that are made ahead at once. */
const MOST = 50;
/** Milliseconds after which what nobody asked for goes back to the queue. */
const PATIENCE_MS = 50;

/** `<worker>:<number>`, as BullMQ's workers count their tokens. */
const COUNTED = /^(.*):(\d+)$/s;

/**
 * Claims for a worker that fills its free places. BullMQ's worker claims one job after the other until all places are taken,
 * and only then runs the first: with a hundred places the first job of a burst waits for a hundred ways to Redis. After
 * two claims in a row the next ones are known, since tokens are counted; they are made with the one that is asked for, first
 * one, then twice as many each time, so that few are made in vain. Those nobody asks for are handed back.
 */
export class ClaimsAhead {
  private readonly ahead = new Map<string, Promise<RawClaim>>();
  private last: { worker: string; number: number } | undefined;
  private size = 0;
  private most = MOST;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param claim claims one job; calls of one turn travel together.
   * @param giveBack hands a claimed job back.
   * @param freePlaces how many jobs the worker may still ask for after the one it asks for now.
   */
  constructor(
    private readonly claim: Claim,
    private readonly giveBack: (id: string, token: string) => Promise<unknown>,
    private readonly freePlaces: () => number,
  ) {}

  /** @returns what {@link Claim} would, from a claim that was made ahead if there is one. */
  async next(token: string): Promise<RawClaim> {
    const ready = this.ahead.get(token);
    this.ahead.delete(token);
    const isNext = this.follows(token);
    if (ready) {
      const claim = await ready.catch(() => undefined);
      // That there was none a moment ago says nothing of now.
      if (claim?.id !== undefined) return claim;
    }
    // Others may come in another order than they are counted in, when a worker waits for jobs.
    this.size = isNext && this.ahead.size === 0 ? Math.min(this.most, Math.max(1, 2 * this.size)) : 0;
    const asked = this.claim(token);
    this.makeAhead(Math.min(this.size, this.freePlaces()));
    const claim = await asked;
    if (claim.id === undefined) this.last = undefined;
    return claim;
  }

  /** Hands back what nobody asked for. @returns a promise of when that is done, unless there is nothing. */
  stop(): Promise<void> | undefined {
    clearTimeout(this.timer);
    this.last = undefined;
    if (this.ahead.size === 0) return undefined;
    const unasked = [...this.ahead];
    this.ahead.clear();
    return this.handBack(unasked);
  }

  private follows(token: string): boolean {
    const [, worker = '', number] = COUNTED.exec(token) ?? [];
    const before = this.last;
    this.last = number === undefined ? undefined : { worker, number: Number(number) };
    return before !== undefined && before.worker === worker && before.number + 1 === this.last?.number;
  }

  private makeAhead(count: number): void {
    if (count <= 0 || !this.last) return;
    const { worker, number } = this.last;
    for (let nth = 1; nth <= count; nth++) {
      const token = `${worker}:${number + nth}`;
      const claim = this.claim(token);
      this.ahead.set(token, claim);
      // Whoever asks for one that brought nothing claims anew.
      const drop = () => this.ahead.delete(token);
      claim.then(({ id }) => id === undefined && drop(), drop);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.lookForUnasked(this.ahead.size), PATIENCE_MS);
    this.timer.unref();
  }

  private lookForUnasked(before: number): void {
    const left = this.ahead.size;
    if (left === 0) return;
    if (left < before) {
      this.timer = setTimeout(() => this.lookForUnasked(left), PATIENCE_MS);
      this.timer.unref();
      return;
    }
    // It does not fill its places after all: it was paused, or allows itself fewer jobs by now.
    this.most = Math.floor(this.most / 2);
    void this.stop();
  }

  /** Each goes to the front of the queue, so the last one comes first. Where that fails, its lease ends by itself. */
  private async handBack(unasked: readonly [string, Promise<RawClaim>][]): Promise<void> {
    const claims = await Promise.allSettled(unasked.map(([, claim]) => claim));
    const given = unasked.map(([token], at) => {
      const claim = claims[at];
      const id = claim?.status === 'fulfilled' ? claim.value.id : undefined;
      return () => (id === undefined ? undefined : this.giveBack(id, token));
    });
    await Promise.allSettled(given.reverse().map((give) => give()));
  }
}
