import { Worker, type Job, type JobJson } from 'bullmq';
import { STOP_REASONS } from '../framework/index.js';
import type { DroverBackend } from '#libs/queue';

/** Claimed jobs whose payload is the whole document of a legacy service. BullMQ's class has no place for that. */
const legacyJobs = new WeakSet<object>();

/** Whether a claimed job was added by a service that does not know types; the store knows, its payload may look like anything. */
export const isLegacy = (job: Job): boolean => legacyJobs.has(job);

/** BullMQ's worker on Drover's store, with what Drover asks of it beyond. */
export class QueueWorker extends Worker<unknown, unknown, string, DroverBackend> {
  /** The store it works on. */
  get store(): DroverBackend {
    return this.getBackend();
  }

  protected override createJob(data: JobJson, jobId: string): Job<unknown, unknown, string> {
    const job = super.createJob(data, jobId);
    if ((data as { legacy?: boolean }).legacy === true) legacyJobs.add(job);
    return job;
  }

  /** Claims no more until {@link undrain}, and takes no wake-ups from others; what runs goes on. */
  async drain(): Promise<void> {
    if (this.isPaused()) return;
    await this.pause(true);
    await this.store.disconnectBlocking();
  }

  /** Claims again. */
  async undrain(): Promise<void> {
    if (!this.isPaused() || this.closing) return;
    await this.store.reconnectBlocking();
    await this.resume();
  }

  /** BullMQ's loop claims once more when it was woken as it was paused. The wake-up is left to another worker. */
  protected override async moveToActive(token: string, name?: string) {
    if (!this.isPaused()) return super.moveToActive(token, name);
    await this.store.limits.passOn();
    return undefined as never;
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
