import { REST_DEFAULTS, REST_LIMITS, type ValidCreateJobRequest } from '#libs/contracts';
import type { CreateJob } from '#libs/queue';
import { BodyTooLargeError } from '../problems/api-errors.js';

/**
 * What the store shall create for a valid request: tries are 2 s, 4 s, 8 s and so on apart.
 *
 * @throws {BodyTooLargeError} when the payload's JSON has more than 256 KiB.
 */
export function toCreateJob(request: ValidCreateJobRequest): CreateJob {
  const { payload = {}, ...rest } = request;
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  if (bytes > REST_LIMITS.payloadBytes)
    throw new BodyTooLargeError('payload', REST_LIMITS.payloadBytes, bytes);
  return { ...rest, payload, backoff: { type: 'exponential', delay: REST_DEFAULTS.backoffMs } };
}
