import { Batcher } from './batcher.js';
import type { Ending } from './endings.js';
import type { Kept } from './keep-option.js';
import type { ScriptArgument, Scripts } from './scripts.js';

/** A claimed job: its id, and its fields as flat names and values. */
export interface ClaimedJob {
  id: string;
  fields: readonly string[];
}

/** Why there is no job for a claim. */
export interface NoJob {
  id?: undefined;
  /** Milliseconds until the rate limit lets another job start, or 0. */
  limitMs: number;
  /** Time in ms when the next delayed job is ready, or 0. */
  nextDue: number;
  /**
   * There is more to do before there is an answer: legacy services added more than one call can bring into order, or
   * the jobs claimed with this one are as large as a call may be. The caller adopts what there is and claims again.
   */
  hasMore: boolean;
  /** As many jobs run as the queue allows. */
  isMaxed: boolean;
}

export type RawClaim = ClaimedJob | NoJob;

/** A running job's end, as a worker reports it. */
export interface Report {
  id: string;
  /** '0' asks for no claim of the job. */
  token: string;
  target: 'completed' | 'failed';
  /** Result as JSON text, or the reason of the failure. */
  value: string;
  /** Further fields of the job, names and values. */
  fields: readonly string[];
  /** Attempts the job is allowed. */
  attempts: number;
  keep: Kept;
  /** What a worker with rules for its types says besides. */
  ending?: Ending | undefined;
  /** Whether the worker wants the next job, under the same token. */
  goesOn: boolean;
}

/** What a worker says with every claim. */
export interface Ask {
  leaseMs: number;
  worker: string;
  /** Ids to leave to other workers, JSON array, or ''. */
  others: string;
  /** What it asks of the queue, JSON, or ''. */
  terms: string;
}

type Operation = Report | { claim: string };

/** A call holds Redis for a few milliseconds at most. */
const MAX_OPERATIONS = 100;
const MAX_BYTES = 1024 * 1024;

const bytesOf = ({ value, fields }: Report) => fields.reduce((sum, text) => sum + text.length, value.length);

const isClaim = (operation: Operation): operation is { claim: string } => 'claim' in operation;

/** How a job ends, as the script reads it: in one word where nothing else is to be said, as of most. */
function modeOf({ target, goesOn, fields, attempts, keep, ending }: Report): string {
  const isUsual =
    !ending && target === 'completed' && fields.length === 0 && keep.count < 0 && keep.age === 0;
  if (isUsual) return goesOn ? 'completed+' : 'completed';
  return JSON.stringify({
    target,
    goesOn,
    fields,
    attempts,
    keep: keep.count,
    age: keep.age,
    limit: keep.limit,
    ...ending,
  });
}

/** Reads the script's flat answer, one operation after the other. */
class Answers {
  private at = 1;

  constructor(
    private readonly flat: readonly (string | number)[],
    private readonly worker: string,
  ) {}

  next(): number | RawClaim | Error {
    const kind = this.number();
    if (kind === 1) {
      const id = this.text();
      const count = this.number();
      this.at += count;
      return { id, fields: this.flat.slice(this.at - count, this.at) as string[] };
    }
    if (kind === 4) {
      const id = this.text();
      const fields = ['plain', this.text(), 'processedOn', String(this.flat[0]), 'attemptsStarted', '1'];
      if (this.worker !== '') fields.push('processedBy', this.worker);
      return { id, fields };
    }
    if (kind === 2) {
      const [limitMs, nextDue, more, maxed] = [this.number(), this.number(), this.number(), this.number()];
      return { limitMs, nextDue, hasMore: more === 1, isMaxed: maxed === 1 };
    }
    return kind === 3 ? new Error(this.text()) : kind;
  }

  private text(): string {
    return String(this.flat[this.at++]);
  }

  private number(): number {
    return Number(this.flat[this.at++]);
  }
}

/** Ends jobs and claims the next ones; what waits in the same turn of the event loop travels in one call. */
export class Advancing {
  private readonly batcher: Batcher<Operation, number | RawClaim>;

  /** @param scripts of a client that works until {@link close} has ended. */
  constructor(
    private readonly scripts: Scripts,
    private readonly ask: () => Ask,
  ) {
    this.batcher = new Batcher({
      send: (operations) => this.send(operations, this.ask()),
      maxOperations: MAX_OPERATIONS,
      maxBytes: MAX_BYTES,
      bytesOf: (operation) => (isClaim(operation) ? 0 : bytesOf(operation)),
    });
  }

  /** @returns the next job's claim when the worker goes on, else 0; or BullMQ's negative code. */
  report(report: Report): Promise<number | RawClaim> {
    return this.batcher.add(report);
  }

  claim(token: string): Promise<RawClaim> {
    return this.batcher.add({ claim: token }) as Promise<RawClaim>;
  }

  /** A claim on terms of its own, in a call of its own. */
  async claimAs(token: string, ask: Partial<Ask>): Promise<RawClaim> {
    this.batcher.checkOpen();
    const [claim] = await this.send([{ claim: token }], { ...this.ask(), ...ask });
    return claim as RawClaim;
  }

  /** Takes no more. @returns a promise of when all that was asked for is answered, unless it is. */
  close(): Promise<void> | undefined {
    return this.batcher.close();
  }

  private async send(operations: readonly Operation[], ask: Ask): Promise<(number | RawClaim | Error)[]> {
    const reports: Report[] = [];
    const claims: string[] = [];
    for (const operation of operations) {
      if (isClaim(operation)) claims.push(operation.claim);
      else reports.push(operation);
    }
    const args: ScriptArgument[] = [ask.leaseMs, ask.worker, ask.others, ask.terms, reports.length];
    for (const report of reports) args.push(report.id, report.token, report.value, modeOf(report));
    for (const token of claims) args.push(token);
    const flat = await this.scripts.runList<(string | number)[]>('advance', args);
    const answers = new Answers(flat, ask.worker);
    const forReports = reports.map(() => answers.next());
    const forClaims = claims.map(() => answers.next());
    if (forClaims.length === 0) return forReports;
    let [report, claim] = [0, 0];
    return operations.map(
      (operation) => (isClaim(operation) ? forClaims[claim++] : forReports[report++]) as number | RawClaim,
    );
  }
}
