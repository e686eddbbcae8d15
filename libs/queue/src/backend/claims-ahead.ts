import type { RawClaim } from './advancing.js';

/** What a claim under a token brings. */
export type Claim = (token: string) => Promise<RawClaim>;

/** Most claims that are made ahead at once. */
const MOST = 50;
/** Milliseconds after which what nobody asked for goes back to the queue. */
const PATIENCE_MS = 50;
/** An older claim is not handed out: the job may have been cancelled meanwhile, and nobody could be told. */
const FRESH_MS = 20;
/** After claims that nobody asked for, and where the queue limits starts, none are made ahead for so long. */
const REST_MS = 60_000;

interface Ahead {
  claim: Promise<RawClaim>;
  /** When it was answered. */
  since: number;
}

/**
 * Claims for a worker that fills its free places. BullMQ's worker claims one job after the other until all places are taken,
 * and only then runs the first: with a hundred places the first job of a burst waits for a hundred ways to Redis. After
 * two claims in a row the next ones are known, since tokens are counted; they are made with the one that is asked for, first
 * one, then twice as many each time, so that few are made in vain. Those nobody asks for are handed back, as if they had
 * never been claimed.
 */
export class ClaimsAhead {
  private readonly ahead = new Map<string, Ahead>();
  private last: { worker: string; number: number } | undefined;
  private size = 0;
  private restsUntil = 0;
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
    const ready = await this.taken(token);
    if (ready) return ready;
    const isNext = this.follows(token);
    // Others may come in another order than they are counted in, when a worker waits for jobs.
    const grows = isNext && this.ahead.size === 0 && Date.now() >= this.restsUntil;
    this.size = grows ? Math.min(MOST, Math.max(1, 2 * this.size)) : 0;
    const asked = this.claim(token);
    this.makeAhead(Math.min(this.size, this.freePlaces()));
    const claim = await asked;
    if (claim.id === undefined) {
      this.last = undefined;
      if (claim.limitMs > 0) this.rest();
    }
    return claim;
  }

  /** Hands back what nobody asked for. @returns a promise of when that is done, unless there is nothing. */
  stop(): Promise<void> | undefined {
    clearTimeout(this.timer);
    this.last = undefined;
    return this.ahead.size === 0 ? undefined : this.handBack([...this.ahead]);
  }

  /** What was claimed ahead for the token, if there is a job and nothing can have become of it. */
  private async taken(token: string): Promise<RawClaim | undefined> {
    const ready = this.ahead.get(token);
    if (!ready) return undefined;
    this.ahead.delete(token);
    const claim = await ready.claim.catch(() => undefined);
    // That there was none a moment ago says nothing of now.
    if (claim?.id === undefined) return undefined;
    if (Date.now() - ready.since > FRESH_MS) {
      await this.handBack([[token, ready], ...this.ahead]);
      return undefined;
    }
    this.follows(token);
    return claim;
  }

  private rest(): void {
    this.restsUntil = Date.now() + REST_MS;
  }

  private follows(token: string): boolean {
    const before = this.last;
    this.last = countedToken(token);
    return (
      before !== undefined && before.worker === this.last?.worker && before.number + 1 === this.last.number
    );
  }

  private makeAhead(count: number): void {
    if (count <= 0 || !this.last) return;
    const { worker, number } = this.last;
    for (let nth = 1; nth <= count; nth++) {
      const token = `${worker}:${number + nth}`;
      const made: Ahead = { claim: this.claim(token), since: Number.MAX_SAFE_INTEGER };
      this.ahead.set(token, made);
      const drop = () => this.ahead.delete(token);
      made.claim.then(({ id }) => {
        made.since = Date.now();
        // Whoever asks for one that brought nothing claims anew.
        if (id === undefined) drop();
      }, drop);
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
    this.rest();
    void this.stop();
  }

  /** Each goes to the front of the queue, so the last one comes first. Where that fails, its lease ends by itself. */
  private async handBack(unasked: readonly [string, Ahead][]): Promise<void> {
    for (const [token] of unasked) this.ahead.delete(token);
    const claims = await Promise.allSettled(unasked.map(([, { claim }]) => claim));
    const given = unasked.map(([token], at) => {
      const claim = claims[at];
      const id = claim?.status === 'fulfilled' ? claim.value.id : undefined;
      return () => (id === undefined ? undefined : this.giveBack(id, token));
    });
    await Promise.allSettled(given.reverse().map((give) => give()));
  }
}

/** `<worker>:<number>`, as BullMQ's workers count their tokens. */
const COUNTED = /^(.*):(\d+)$/s;

/** @returns a token's worker and number, or undefined when it is not one that a worker counted. */
function countedToken(token: string): { worker: string; number: number } | undefined {
  const [, worker = '', number] = COUNTED.exec(token) ?? [];
  return number === undefined ? undefined : { worker, number: Number(number) };
}
