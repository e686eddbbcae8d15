import type { Settings } from '#libs/contracts';
import type { QueueServiceOptions } from '#libs/queue';

/** The settings as the queue's library calls them. */
export function queueOptions(settings: Settings, logger: QueueServiceOptions['logger']): QueueServiceOptions {
  return {
    redisUrl: settings.REDIS_URL,
    prefix: settings.QUEUE_PREFIX,
    queue: settings.QUEUE_NAME,
    defaultType: settings.QUEUE_DEFAULT_TYPE,
    jobTtlSeconds: settings.JOB_TTL_SECONDS,
    maxDocumentBytes: settings.MAX_DOCUMENT_BYTES,
    legacyLeaseSeconds: settings.LEGACY_LEASE_SECONDS,
    logger,
  };
}
