import { REST_DEFAULTS, REST_LIMITS, type PublishedType, type ValidCreateJobRequest } from '#libs/contracts';
import type { CreateJob } from '#libs/queue';
import { BodyTooLargeError } from '../problems/api-errors.js';

/** @throws {BodyTooLargeError} when the payload's JSON has more than 256 KiB. */
export function assertPayloadSize(payload: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  if (bytes > REST_LIMITS.payloadBytes)
    throw new BodyTooLargeError('payload', REST_LIMITS.payloadBytes, bytes);
}

/**
 * What the store shall create for a valid request. Attempts and the wait between them are left out where the request does not
 * say: the type's hold, as the worker that claims the job knows them. The order in the queue is decided now: the priority is the
 * request's, else the type's, else `normal` where no live worker publishes the type.
 *
 * @throws {BodyTooLargeError} when the payload's JSON has more than 256 KiB.
 */
export function toCreateJob(request: Omit<ValidCreateJobRequest, 'queue'>, type?: PublishedType): CreateJob {
  const { payload = {}, ...rest } = request;
  assertPayloadSize(payload);
  const { priority } = type?.settings ?? REST_DEFAULTS;
  return { ...rest, payload, priority: request.priority ?? priority };
}
