import { Batcher } from './batcher.js';
import type { ScriptArgument, Scripts } from './scripts.js';

/**
 * What the script answers to a claim: flat fields of the job or null, its id, ms of a rate limit, time of the next
 * delayed job. The fifth is 1 when legacy services added more than one call can bring into order, the sixth when as many
 * jobs run as the queue allows.
 */
export type RawClaim = [string[] | null, string, number, number, (0 | 1)?, (0 | 1)?];

/** A running job's end, as a worker reports it. */
export interface Report {
  id: string;
  /** '0' asks for no claim of the job. */
  token: string;
  target: 'completed' | 'failed';
  /** Result as JSON text, or the reason of the failure. */
  value: string;
  /** Further fields of the job, a JSON array of names and values, or ''. */
  fields: string;
  /** Attempts the job is allowed. */
  attempts: number;
  /** How many jobs that ended so are kept (-1 all, 0 none), for how many seconds (0 any), most to evict at once. */
  keep: { count: number; age: number; limit: number };
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

const isClaim = (operation: Operation): operation is { claim: string } => 'claim' in operation;

function argumentsOf(report: Report): ScriptArgument[] {
  const { id, token, target, value, fields, attempts, keep, goesOn } = report;
  return [id, token, target, value, fields, attempts, keep.count, keep.age, keep.limit, goesOn ? '1' : '0'];
}

/** Ends jobs and claims the next ones; what waits in the same turn of the event loop travels in one call. */
export class Advancing {
  private readonly batcher: Batcher<Operation, number | RawClaim>;

  constructor(
    private readonly scripts: Scripts,
    private readonly ask: () => Ask,
  ) {
    this.batcher = new Batcher({
      send: (operations) => this.send(operations, this.ask()),
      maxOperations: MAX_OPERATIONS,
      maxBytes: MAX_BYTES,
      bytesOf: (operation) => (isClaim(operation) ? 0 : operation.value.length + operation.fields.length),
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
    const [claim] = await this.send([{ claim: token }], { ...this.ask(), ...ask });
    return claim as RawClaim;
  }

  /** Resolves once everything asked for so far is answered. */
  idle(): Promise<void> {
    return this.batcher.idle();
  }

  private async send(operations: readonly Operation[], ask: Ask): Promise<(number | RawClaim | Error)[]> {
    const reports = operations.filter((operation): operation is Report => !isClaim(operation));
    const claims = operations.filter(isClaim);
    const args: ScriptArgument[] = [ask.leaseMs, ask.worker, ask.others, ask.terms, reports.length];
    for (const report of reports) args.push(...argumentsOf(report));
    for (const { claim } of claims) args.push(claim);
    const answers = await this.scripts.runList<(number | RawClaim | Error)[]>('advance', args);
    if (claims.length === 0 || reports.length === 0) return answers;
    let [report, claim] = [0, reports.length];
    return operations.map((operation) => answers[isClaim(operation) ? claim++ : report++] as number);
  }
}
