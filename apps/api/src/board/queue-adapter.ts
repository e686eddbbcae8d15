import { clusterInfo, isCluster } from '@bull-board/api/dist/queueAdapters/clusterInfo.js';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { JobCleanStatus } from '@bull-board/api/dist/types.js';
import { Queue } from 'bullmq';
import type { DroverBackend } from '#libs/queue';
import { InvalidRequestError } from '../problems/api-errors.js';
import { isRedisDown } from '../redis/redis-errors.js';

/** Most rows of a job's log that the page gets, the last ones. */
const LOG_ROWS = 1000;

const CLEANABLE = new Set<string>([
  'completed',
  'failed',
  'delayed',
  'wait',
  'waiting',
  'prioritized',
  'active',
]);

/** One queue as Bull Board asks for it, on the connection the API has already. */
class QueueAdapter extends BullMQAdapter {
  constructor(
    private readonly backend: DroverBackend,
    private readonly jobs: Queue,
  ) {
    super(jobs, { description: `${backend.qualifiedName}:*` });
  }

  /** The statistics of Redis: Bull Board looks for a client in a place where Drover's store has none. */
  override async getRedisInfo(): Promise<string | null> {
    const client = await this.backend.client();
    return isCluster(client) ? clusterInfo(client) : client.info();
  }

  override async getJobLogs(id: string): Promise<string[]> {
    const { logs } = await this.jobs.getJobLogs(id, 0, LOG_ROWS - 1, false);
    return logs.reverse();
  }

  /** @throws {InvalidRequestError} for options that BullMQ itself refuses, which it says with a plain error. */
  override async addJob(...job: Parameters<BullMQAdapter['addJob']>) {
    try {
      return await super.addJob(...job);
    } catch (error) {
      if (!(error instanceof Error) || error.constructor !== Error || isRedisDown(error)) throw error;
      throw new InvalidRequestError([{ path: 'options', message: error.message }]);
    }
  }

  /** @throws {InvalidRequestError} for a word that is no state: the store must not guess what to remove. */
  override async clean(state: JobCleanStatus, graceMs: number): Promise<void> {
    if (!CLEANABLE.has(state)) {
      throw new InvalidRequestError([{ path: '', message: `jobs of the state ${state} cannot be cleaned` }]);
    }
    await super.clean(state, graceMs);
  }
}

/**
 * The adapter of one queue.
 *
 * @param backend any backend with the queue's prefix; its connection is used, and stays its own to close.
 */
export function createQueueAdapter(backend: DroverBackend, name: string): BullMQAdapter {
  const own = backend.forQueue(name);
  const { prefix } = own.queueKeys;
  // The connection is not opened: the backend given has one.
  const queue = new Queue(name, { connection: {}, prefix, skipMetasUpdate: true }, () => own);
  // Bull Board's types know one store only; it asks for nothing that is not in the common interface.
  return new QueueAdapter(own, queue as unknown as Queue);
}
