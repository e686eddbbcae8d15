import { BatchBrokenOffError, BatchResultError, WaitingForChildren } from '../errors.js';
import type { BatchItem, BatchResult } from '../handler/batch.js';
import type { BatchJobHandler } from '../handler/job-handler.js';
import type { JobType } from '../handler/job-type.js';
import type { RunContext } from './run-context.js';

/** A job that waits for its batch, or for its result. */
interface Member {
  readonly item: BatchItem & { readonly context: RunContext };
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** The batch of one type that is being filled. */
interface Filling {
  readonly members: Member[];
  readonly timer: NodeJS.Timeout;
}

/**
 * Puts jobs of one type together for one call of its `runBatch`: as soon as there are `size` of them, or `maxWait`
 * after the first came. Each job is still a run of its own, with its own timeout, signal and end.
 */
export class Batches {
  private readonly filling = new Map<JobType, Filling>();

  /**
   * @returns the job's own result. Rejects with its own error, or with what `runBatch` threw; with {@link BatchBrokenOffError} when
   *   that was another job's `flow()`.
   */
  join(type: JobType, item: Member['item']): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { signal } = item.context;
      if (signal.aborted) return reject(signal.reason);
      const { members } = this.filling.get(type) ?? this.open(type);
      const member = { item, resolve, reject };
      members.push(member);
      signal.addEventListener('abort', () => this.leave(type, member), { once: true });
      if (members.length >= (type.batch?.size ?? 1)) this.close(type);
    });
  }

  private open(type: JobType): Filling {
    const opened = { members: [], timer: setTimeout(() => this.close(type), type.batch?.maxWait ?? 0) };
    this.filling.set(type, opened);
    return opened;
  }

  /** A job that is to stop before its batch began is not begun. */
  private leave(type: JobType, member: Member): void {
    const { members = [], timer } = this.filling.get(type) ?? {};
    const at = members.indexOf(member);
    if (at < 0) return;
    members.splice(at, 1);
    if (members.length === 0) {
      // The next job waits as long as any first one.
      clearTimeout(timer);
      this.filling.delete(type);
    }
    member.reject(member.item.context.signal.reason);
  }

  private close(type: JobType): void {
    const filled = this.filling.get(type);
    if (!filled) return;
    clearTimeout(filled.timer);
    this.filling.delete(type);
    if (filled.members.length > 0) void run(type, filled.members);
  }
}

async function run(type: JobType, members: readonly Member[]): Promise<void> {
  try {
    const handler = type.handler as unknown as BatchJobHandler;
    const results: unknown = await handler.runBatch(members.map(({ item }) => item));
    if (!Array.isArray(results) || results.length !== members.length) {
      throw new BatchResultError(type.type, `${members.length} results are needed`);
    }
    members.forEach((member, at) => settle(type, member, results[at]));
  } catch (error) {
    const brokenOff = error instanceof WaitingForChildren ? new BatchBrokenOffError(type.type) : error;
    for (const { item, reject } of members) reject(item.context.waiting ? error : brokenOff);
  }
}

function settle(type: JobType, { resolve, reject }: Member, result: BatchResult | undefined): void {
  if (result && 'error' in result && result.error !== undefined) reject(result.error);
  else if (result && 'result' in result) resolve(result.result);
  else reject(new BatchResultError(type.type, 'each must be { result } or { error }'));
}
