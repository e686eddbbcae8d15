import type { JobJson, MinimalJob, WorkerOptions } from 'bullmq';
import { adoptAll } from './adding.js';
import { Advancing, type Ask, type RawClaim, type Report } from './advancing.js';
import { ClaimsAhead } from './claims-ahead.js';
import { accepted, refusedError } from './codes.js';
import type { Endings } from './endings.js';
import { flat, flatList, oneLine } from './flat-fields.js';
import { ALL, finite, kept, type KeepOption } from './keep-option.js';
import { fromFlat, toJobJson, UnreadableDocument } from './job-record.js';
import { termsOf, type LimitOptions } from './limits.js';
import type { Scripts } from './scripts.js';
import type { StoreOptions } from './store-options.js';
import { LeftToOthers } from './left-to-others.js';
import { checkDelay } from './validate.js';

/** What a claim gives a worker: the job or null, its id, ms of a rate limit, time of the next delayed job. */
export type ClaimTuple = [JobJson | null, string, number, number];

/** BullMQ's options of a worker, as far as the store reads them. */
export type RunnerOptions = Partial<
  Pick<
    WorkerOptions,
    | 'concurrency'
    | 'lockDuration'
    | 'name'
    | 'removeOnComplete'
    | 'removeOnFail'
    | 'maxStalledCount'
    | 'stalledInterval'
  >
> &
  LimitOptions;

const DEFAULT_LEASE_MS = 30_000;

/** A running job's transitions: claim, extend, complete, fail, delay, retry, hand back. */
export class Running {
  private readonly left = new LeftToOthers();
  private readonly advancing: Advancing;
  private readonly ahead: ClaimsAhead;
  /** The jobs that the worker has from here: their types, by id. */
  private readonly held = new Map<string, string | undefined>();
  /** Reports under way that bring the next job. */
  private goingOn = 0;
  /** What this worker asks of the queue with every claim. */
  private readonly terms: string;
  /** How many jobs the worker runs at once by now, where that is known. */
  private concurrencyNow: () => number | undefined = () => undefined;
  /** Whether the last claim found as many jobs running as the queue allows at once. */
  isHeldUp = false;

  /** @param lasting scripts of a client that works until {@link close} has ended. */
  constructor(
    private readonly scripts: Scripts,
    private readonly lasting: Scripts,
    private readonly options: StoreOptions,
    private readonly runner: RunnerOptions,
    private readonly endings: Endings,
    private readonly isClosing: () => boolean,
  ) {
    this.terms = termsOf(runner);
    this.advancing = new Advancing(lasting, () => this.ask());
    this.ahead = new ClaimsAhead(
      (token) => this.advancing.claim(token),
      (id, token) => lasting.run('release', id, token, '1'),
      () => this.freePlaces(),
    );
  }

  async claim(token: string, name = this.runner.name, leaseMs = this.leaseMs): Promise<ClaimTuple> {
    const isUsual = name === this.runner.name && leaseMs === this.leaseMs;
    const claim = isUsual
      ? await this.ahead.next(token)
      : await this.advancing.claimAs(token, { leaseMs, worker: oneLine(name) });
    return this.noted(this.tupleOf(claim) ?? (await this.readable(claim, token)));
  }

  /**
   * Takes no more reports and claims, and hands back jobs that were claimed ahead. @returns a promise of when all is
   * answered, unless it is.
   */
  close(): Promise<void> | undefined {
    const handedBack = this.ahead.stop();
    const answered = this.advancing.close();
    return handedBack ? Promise.all([handedBack, answered]).then(() => undefined) : answered;
  }

  /** The worker's concurrency may change while it works: from now on it is asked for. */
  followConcurrency(now: () => number | undefined): void {
    this.concurrencyNow = now;
  }

  /** The worker has the job no longer. */
  letGo(id: string): void {
    this.held.delete(id);
  }

  async finish(
    job: MinimalJob,
    target: 'completed' | 'failed',
    value: string,
    keep: KeepOption,
    token: string,
    fetchNext: boolean,
    fields?: Record<string, unknown>,
  ): Promise<{ result: ClaimTuple | undefined; finishedOn: number }> {
    const finishedOn = Date.now();
    const id = job.id ?? '';
    const type = (job as { name?: string }).name ?? this.held.get(id);
    this.letGo(id);
    const keeping = kept(
      keep,
      target === 'completed' ? this.runner.removeOnComplete : this.runner.removeOnFail,
    );
    const goesOn = fetchNext && !this.isClosing();
    if (goesOn) this.goingOn += 1;
    const raw = await this.report({
      id,
      token,
      target,
      value,
      fields: [...flatList(fields), ...flatList(this.endings.fieldsOf(job, target))],
      attempts: finite(job.opts.attempts, 0),
      keep: keeping,
      ending: this.endings.of(type, target),
      goesOn,
    }).finally(() => goesOn && (this.goingOn -= 1));
    if (typeof raw === 'number') return { result: undefined, finishedOn };
    return { result: this.noted(this.tupleOf(raw) ?? (await this.readable(raw, token))), finishedOn };
  }

  async delay(
    id: string,
    due: number,
    delay: number,
    token: string,
    opts: { skipAttempt?: boolean; fieldsToUpdate?: Record<string, unknown>; fetchNext?: boolean },
  ): Promise<ClaimTuple | []> {
    checkDelay(delay, Number.MAX_SAFE_INTEGER);
    checkDelay(due, Number.MAX_SAFE_INTEGER);
    const counts = this.countedRetry(id, opts.fieldsToUpdate);
    this.letGo(id);
    // A backoff that grew beyond the longest delay waits that long; refusing would leave the job running.
    const wait = Math.min(delay, this.options.maxDelayMs);
    const ready = due - (delay - wait);
    const raw = accepted(
      await this.scripts.run<number | string[]>(
        'delay',
        id,
        token,
        ready,
        wait,
        opts.skipAttempt ? '1' : '0',
        flat(opts.fieldsToUpdate),
        opts.fetchNext === true && !this.isClosing() ? '1' : '0',
        this.leaseMs,
        oneLine(this.runner.name),
        this.left.json(),
        this.terms,
        counts,
      ),
      { jobId: id, command: 'moveToDelayed', state: 'active' },
    );
    if (typeof raw === 'number') return [];
    const [claimed = '', ...fieldsOfNext] = raw;
    return this.noted(await this.readable({ id: claimed, fields: fieldsOfNext }, token));
  }

  async retry(id: string, lifo: boolean, token: string, fields?: Record<string, unknown>): Promise<void> {
    const counts = this.countedRetry(id, fields);
    this.letGo(id);
    const place = lifo ? 'head' : 'tail';
    accepted(await this.scripts.run<number>('retry', id, token, place, flat(fields), counts), {
      jobId: id,
      command: 'retryJob',
      state: 'active',
    });
  }

  async release(id: string, token: string): Promise<number> {
    this.letGo(id);
    return accepted(await this.scripts.run<number>('release', id, token), {
      jobId: id,
      command: 'moveJobFromActiveToWait',
      state: 'active',
    });
  }

  /** Leaves a job to other workers for `ms`: this one cannot run it, and would take it again at once. */
  leave(id: string, ms: number): void {
    this.left.add(id, ms);
  }

  /** @returns the ids whose lease could not be extended. */
  extend(ids: readonly string[], tokens: readonly string[], leaseMs: number): Promise<string[]> {
    const pairs = ids.flatMap((id, at) => [id, tokens[at] ?? '']);
    return this.scripts.run<string[]>('extend', leaseMs, ...pairs);
  }

  /** @returns the ids put back; undefined when another process looked within the interval. */
  async recoverStalled(): Promise<string[] | undefined> {
    const { maxStalledCount = 1, stalledInterval = DEFAULT_LEASE_MS } = this.runner;
    // A little less than the interval, so that a process's own next look is not taken for another's.
    const turn = Math.max(1, Math.floor(stalledInterval * 0.9));
    return (await this.scripts.run<string[] | null>('recoverStalled', maxStalledCount, turn)) ?? undefined;
  }

  private noted(tuple: ClaimTuple): ClaimTuple {
    if (tuple[1] !== '') this.held.set(tuple[1], tuple[0]?.name);
    return tuple;
  }

  /** Type to count a run under that failed and is tried again: BullMQ tells of a failure by its reason. */
  private countedRetry(id: string, fields: Record<string, unknown> | undefined): string {
    return fields?.['failedReason'] === undefined ? '' : this.endings.retried(id, this.held.get(id));
  }

  /** Jobs that the worker may still ask for, when it asks for one. Where starts are limited none is claimed ahead. */
  private freePlaces(): number {
    if (this.runner.limiter) return 0;
    const places = this.concurrencyNow() ?? this.runner.concurrency ?? 1;
    return places - this.held.size - this.goingOn - 1;
  }

  private get leaseMs(): number {
    return this.runner.lockDuration ?? DEFAULT_LEASE_MS;
  }

  private ask(): Ask {
    return {
      leaseMs: this.leaseMs,
      worker: oneLine(this.runner.name),
      others: this.left.json(),
      terms: this.terms,
    };
  }

  private async report(report: Report): Promise<number | RawClaim> {
    const { id } = report;
    try {
      return accepted(await this.advancing.report(report), {
        jobId: id,
        command: 'moveToFinished',
        state: 'active',
      });
    } catch (error) {
      throw await this.lasting.explained(error, [id]);
    }
  }

  /** What most claims give, without waiting for anything: undefined when {@link readable} has more to do. */
  private tupleOf(claim: RawClaim): ClaimTuple | undefined {
    if (claim.id === undefined) return undefined;
    try {
      const job = toJobJson(claim.id, fromFlat(claim.fields), this.options.defaultType);
      this.isHeldUp = false;
      return [job, claim.id, 0, 0];
    } catch (error) {
      if (error instanceof UnreadableDocument) return undefined;
      throw error;
    }
  }

  /** A claimed document that JSON.parse refuses fails its job, and the next one is claimed: it must not stop the worker. */
  private async readable(raw: RawClaim, token: string): Promise<ClaimTuple> {
    let claim = raw;
    for (;;) {
      if (claim.id === undefined) {
        const { limitMs, nextDue, hasMore, isMaxed } = claim;
        this.isHeldUp = isMaxed;
        if (!hasMore) return [null, '', limitMs, nextDue];
        await adoptAll(this.scripts);
        claim = await this.advancing.claim(token);
        continue;
      }
      this.isHeldUp = false;
      const { id, fields } = claim;
      try {
        return [toJobJson(id, fromFlat(fields), this.options.defaultType), id, 0, 0];
      } catch (error) {
        if (!(error instanceof UnreadableDocument)) throw error;
        await this.failUnreadable(id, token, error.message);
        claim = await this.advancing.claim(token);
      }
    }
  }

  private async failUnreadable(id: string, token: string, reason: string): Promise<void> {
    const job = {};
    this.endings.note(job, { code: 'UNREADABLE_DOCUMENT' });
    const report = {
      id,
      token,
      target: 'failed',
      value: reason,
      fields: flatList(this.endings.fieldsOf(job, 'failed')),
      attempts: 0,
      keep: ALL,
      // Nobody knows its type.
      ending: this.endings.of('', 'failed'),
      goesOn: false,
    } as const;
    const answer = await this.advancing.report(report);
    if (typeof answer === 'number' && answer < 0 && answer !== -2)
      throw refusedError(answer, { jobId: id, command: 'moveToFinished', state: 'active' });
  }
}
