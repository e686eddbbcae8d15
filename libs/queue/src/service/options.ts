import type { ConnectionOptions } from 'bullmq';
import { loadSettings } from '#libs/contracts';
import { resolveStoreOptions, type StoreOptions } from '../backend/store-options.js';
import { InvalidQueueNameError } from '../errors/index.js';
import type { QueueLogger } from './logger.js';

/** Options of {@link QueueService}; what is not given comes from the environment, else its default. */
export interface QueueServiceOptions extends Partial<StoreOptions> {
  /** Default: `REDIS_URL`, else redis://127.0.0.1:6379. */
  redisUrl?: string;
  /** ioredis client or options, instead of a URL. A client is shared and not closed. */
  connection?: ConnectionOptions;
  /** Default: `QUEUE_PREFIX`, else `botrix`. */
  prefix?: string;
  /** Default: `QUEUE_NAME`, else `jobs`. */
  queue?: string;
  /** Default: the console. */
  logger?: QueueLogger;
}

export type ResolvedServiceOptions = StoreOptions & {
  connection: ConnectionOptions;
  prefix: string;
  queue: string;
  logger: QueueLogger;
};

/** @throws {InvalidSettingsError} when a setting in the environment is wrong. */
export function resolveServiceOptions(given: QueueServiceOptions): ResolvedServiceOptions {
  const settings = loadSettings(process.env);
  if (given.queue === '') throw new InvalidQueueNameError('queue name must not be empty');
  return {
    ...resolveStoreOptions(given),
    connection: given.connection ?? ({ url: given.redisUrl ?? settings.REDIS_URL } as ConnectionOptions),
    prefix: given.prefix ?? settings.QUEUE_PREFIX,
    queue: given.queue ?? settings.QUEUE_NAME,
    logger: given.logger ?? console,
  };
}
