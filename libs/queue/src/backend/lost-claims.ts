import type { EventEmitter } from 'node:events';
import { countedToken } from './counted-token.js';
import type { Scripts } from './scripts.js';

/** A claim, or a report that brings one under its token. */
type Asking = { claim: string } | { id: string; token: string; goesOn: boolean };

const numberOf = (token: string) => countedToken(token)?.number ?? 0;

/**
 * Claims whose answers were lost with the connection. A call without an answer is sent again when Redis is back. If it had
 * been carried out the first time, it claims other jobs now, and those claimed first would run for nobody until their leases
 * end, and count as stalled: up to fifty at once where claims are made ahead. They are looked for by their tokens, and
 * handed back as if they had never been claimed. Only under tokens that a worker counts, since such a token is that of one
 * job at a time. Not where the process ends, nor for a node of a cluster: there their leases end by themselves.
 */
export class LostClaims {
  private readonly calls = new Set<readonly Asking[]>();
  /** Tokens of claims that may have been lost, each with the ids that are known to be its own. */
  private readonly lost = new Map<string, Set<string>>();
  private breaks = 0;
  private isListening = false;
  private isSearching = false;

  /**
   * @param connection says `close` when it is lost, and `ready` after calls without an answer were sent again.
   * @param scripts of that connection, so that a search comes after those calls.
   * @param isHeld whether the worker has the job.
   */
  constructor(
    private readonly connection: EventEmitter,
    private readonly scripts: Scripts,
    private readonly isHeld: (id: string) => boolean,
  ) {}

  /** Does what sends a call, and notes what it brings, an answer each. */
  async during<T>(call: readonly Asking[], send: () => Promise<readonly T[]>): Promise<readonly T[]> {
    this.listen();
    this.calls.add(call);
    try {
      const answers = await send();
      if (this.lost.size > 0) {
        for (const [at, one] of call.entries()) {
          const { id } = answers[at] as { id?: string };
          this.note('claim' in one ? one.claim : one.token, id);
        }
      }
      return answers;
    } finally {
      this.calls.delete(call);
    }
  }

  /** Somebody was told that the job is claimed under the token. */
  note(token: string, id: string | undefined): void {
    if (id !== undefined && id !== '') this.lost.get(token)?.add(id);
  }

  /** From the first call on: most stores on a connection never claim. */
  private listen(): void {
    if (this.isListening) return;
    this.isListening = true;
    this.connection.on('close', () => this.onBreak());
    this.connection.on('ready', () => {
      if (this.lost.size > 0 && !this.isSearching) void this.search();
    });
  }

  private onBreak(): void {
    for (const call of this.calls) {
      for (const one of call) {
        if ('claim' in one) this.expect(one.claim);
        // Whatever becomes of the report, the job itself was not lost.
        else if (one.goesOn) this.expect(one.token)?.add(one.id);
      }
    }
    this.breaks += 1;
  }

  private expect(token: string): Set<string> | undefined {
    if (!countedToken(token)) return undefined;
    const known = this.lost.get(token) ?? new Set();
    this.lost.set(token, known);
    return known;
  }

  private async search(): Promise<void> {
    this.isSearching = true;
    try {
      let breaks;
      do {
        breaks = this.breaks;
        await this.handBack(await this.found());
      } while (breaks !== this.breaks);
    } catch {
      // The store was closed, or a key has the wrong type: their leases end by themselves.
    } finally {
      this.lost.clear();
      this.isSearching = false;
    }
  }

  private async found(): Promise<[id: string, token: string][]> {
    const found = new Map<string, string>();
    let cursor = '0';
    do {
      const [next = '0', ...pairs] = await this.scripts.run<string[]>(
        'claimedUnder',
        cursor,
        ...this.lost.keys(),
      );
      for (let at = 0; at < pairs.length; at += 2) found.set(pairs[at] as string, pairs[at + 1] as string);
      cursor = next;
    } while (cursor !== '0');
    // What was answered before is noted by then.
    await new Promise((resolve) => setImmediate(resolve));
    return [...found];
  }

  /** Each goes to the front of the queue, so the last one comes first. */
  private async handBack(found: [id: string, token: string][]): Promise<void> {
    const nobodys = found.filter(([id, token]) => !this.isHeld(id) && !this.lost.get(token)?.has(id));
    nobodys.sort(([, a], [, b]) => numberOf(b) - numberOf(a));
    await Promise.all(nobodys.map(([id, token]) => this.scripts.run('release', id, token, '1')));
  }
}
