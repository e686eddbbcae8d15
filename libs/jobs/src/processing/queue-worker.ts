import { Worker } from 'bullmq';
import { STOP_REASONS } from '../framework/index.js';
import type { DroverBackend } from '#libs/queue';

/** BullMQ's worker on Drover's store, with what Drover asks of it beyond. */
export class QueueWorker extends Worker<unknown, unknown, string, DroverBackend> {
  /** The store it works on. */
  get store(): DroverBackend {
    return this.getBackend();
  }

  /**
   * A lease that cannot be extended means that the job was cancelled or taken over: its handler is
   * told to stop. This is how a legacy service's cancel arrives. BullMQ alone would report an error
   * for it on every renewal, and let the handler run on.
   */
  override async extendJobLocks(ids: string[], tokens: string[], durationMs: number): Promise<string[]> {
    const lost = await super.extendJobLocks(ids, tokens, durationMs);
    for (const id of lost) this.cancelJob(id, STOP_REASONS.lost);
    return [];
  }
}
