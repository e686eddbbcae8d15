import {
  BACKOFF_OF_TYPE,
  REST_DEFAULTS,
  REST_LIMITS,
  type PublishedType,
  type ValidCreateJobRequest,
} from '#libs/contracts';
import type { CreateJob } from '#libs/queue';
import { BodyTooLargeError } from '../problems/api-errors.js';

/**
 * What the store shall create for a valid request. What the request leaves open is the type's to say; for a type that no live
 * worker publishes there are three tries, 2 s, 4 s, 8 s and so on apart.
 *
 * @throws {BodyTooLargeError} when the payload's JSON has more than 256 KiB.
 */
export function toCreateJob(request: Omit<ValidCreateJobRequest, 'queue'>, type?: PublishedType): CreateJob {
  const { payload = {}, ...rest } = request;
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  if (bytes > REST_LIMITS.payloadBytes)
    throw new BodyTooLargeError('payload', REST_LIMITS.payloadBytes, bytes);
  const { priority, attempts } = type?.settings ?? REST_DEFAULTS;
  return {
    ...rest,
    payload,
    priority: request.priority ?? priority,
    attempts: request.attempts ?? attempts,
    backoff: type ? { type: BACKOFF_OF_TYPE } : { type: 'exponential', delay: REST_DEFAULTS.backoffMs },
  };
}
