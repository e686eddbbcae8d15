import type { QueueKeys } from './keys.js';
import type { Scripts } from './scripts.js';

/** Who holds the deduplication ids of one queue. */
export class Deduplication {
  constructor(
    private readonly scripts: Scripts,
    private readonly keys: QueueKeys,
  ) {}

  /** @returns id of the job that holds the deduplication id. */
  holder(deduplicationId: string): Promise<string | null> {
    return this.scripts.read((client) => client.get(this.keys.deduplication(deduplicationId)));
  }

  /** Gives the id free if `jobId` holds it. @returns 1 when it did, else 0. */
  free(deduplicationId: string, jobId: string): Promise<number> {
    return this.scripts.run<number>('freeDeduplication', deduplicationId, jobId);
  }

  /** Gives the id free whoever holds it. @returns 1 when somebody did, else 0. */
  delete(deduplicationId: string): Promise<number> {
    return this.scripts.read((client) => client.del(this.keys.deduplication(deduplicationId)));
  }
}
