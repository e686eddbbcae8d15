import type { JobProgress, MinimalJob, RetryOptions } from 'bullmq';
import { contractPriority } from '#libs/contracts';
import { InvalidDocumentError } from '../errors/index.js';
import { accepted } from './codes.js';
import type { QueueKeys } from './keys.js';
import type { RedisClient, Scripts } from './scripts.js';
import type { StoreOptions } from './store-options.js';
import { checkDelay, checkPriority, checkSize, toJson } from './validate.js';

const NOT_AN_OBJECT = -12;

/** Changes to single jobs that are not a worker's report. */
export class Editing {
  constructor(
    private readonly scripts: Scripts,
    private readonly client: () => Promise<RedisClient>,
    private readonly keys: QueueKeys,
    private readonly options: StoreOptions,
  ) {}

  async updateData(job: MinimalJob, data: unknown): Promise<void> {
    const id = job.id ?? '';
    const text = toJson(data, `payload of job ${id}`);
    checkSize(text, this.options.maxDocumentBytes);
    const createdAt = new Date((job as { timestamp?: number }).timestamp ?? Date.now()).toISOString();
    const answer = await this.scripts.run<number>('updateData', id, text, createdAt);
    if (answer === NOT_AN_OBJECT) {
      throw new InvalidDocumentError(
        `job ${id} was added by a legacy service: its data must stay a JSON object`,
      );
    }
    accepted(answer, { jobId: id, command: 'updateData' });
  }

  async updateProgress(id: string, progress: JobProgress): Promise<void> {
    const text = toJson(progress, `progress of job ${id}`);
    accepted(await this.scripts.run<number>('updateProgress', id, text), {
      jobId: id,
      command: 'updateProgress',
    });
  }

  async addLog(id: string, row: string, keep = 0): Promise<number> {
    return accepted(await this.scripts.run<number>('addLog', id, row, keep), {
      jobId: id,
      command: 'addLog',
    });
  }

  async clearLogs(id: string, keep = 0): Promise<void> {
    const client = await this.client();
    if (keep > 0) await client.ltrim(this.keys.logs(id), -keep, -1);
    else await client.unlink(this.keys.logs(id));
  }

  async changeDelay(id: string, delay: number): Promise<void> {
    checkDelay(delay, this.options.maxDelayMs);
    accepted(await this.scripts.run<number>('changeDelay', id, delay), {
      jobId: id,
      command: 'changeDelay',
      state: 'delayed',
    });
  }

  /** @param priority BullMQ's. */
  async changePriority(id: string, priority = 0, lifo = false): Promise<void> {
    checkPriority(contractPriority(priority));
    const place = lifo ? 'head' : 'tail';
    accepted(await this.scripts.run<number>('changePriority', id, contractPriority(priority), place), {
      jobId: id,
      command: 'changePriority',
    });
  }

  async promote(id: string): Promise<void> {
    accepted(await this.scripts.run<number>('promote', id), {
      jobId: id,
      command: 'promote',
      state: 'delayed',
    });
  }

  async reprocess(job: MinimalJob, state: 'failed' | 'completed', opts: RetryOptions = {}): Promise<void> {
    const id = job.id ?? '';
    const place = job.opts.lifo ? 'head' : 'tail';
    const flag = (on: boolean | undefined) => (on ? '1' : '0');
    accepted(
      await this.scripts.run<number>(
        'reprocess',
        id,
        state,
        place,
        flag(opts.resetAttemptsMade),
        flag(opts.resetAttemptsStarted),
      ),
      { jobId: id, command: 'reprocessJob', state },
    );
  }
}
