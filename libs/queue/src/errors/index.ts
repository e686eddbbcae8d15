import { DroverError } from '#libs/contracts';

/** A job id that is empty, too long, or holds control characters or broken Unicode. */
export class InvalidJobIdError extends DroverError {
  readonly code = 'INVALID_JOB_ID';
}

/** A status that is none of the contract's five words. */
export class InvalidJobStatusError extends DroverError {
  readonly code = 'INVALID_JOB_STATUS';

  constructor(readonly status: string) {
    super(`invalid job status: ${status}`);
  }
}

/** A document or payload that cannot be stored as JSON, or stands in Redis as something else. */
export class InvalidDocumentError extends DroverError {
  readonly code = 'INVALID_DOCUMENT';
}

/** A job's document is larger than the configured limit. */
export class PayloadTooLargeError extends DroverError {
  readonly code = 'PAYLOAD_TOO_LARGE';

  constructor(
    readonly bytes: number,
    readonly limit: number,
  ) {
    super(`job document is ${bytes} bytes; the limit is ${limit}`);
  }
}

/** A flow with more jobs than one step may add or remove. */
export class FlowTooLargeError extends DroverError {
  readonly code = 'FLOW_TOO_LARGE';

  constructor(
    readonly operation: 'added' | 'removed',
    readonly limit: number,
  ) {
    super(`a flow of more than ${limit} jobs cannot be ${operation} in one step; take it in parts`);
  }
}

/** A delay that is negative, no number, or longer than allowed. */
export class DelayOutOfRangeError extends DroverError {
  readonly code = 'DELAY_OUT_OF_RANGE';

  constructor(
    readonly delay: unknown,
    readonly maximum: number,
  ) {
    super(`delay must be a whole number of milliseconds from 0 to ${maximum}, not ${String(delay)}`);
  }
}

/** A priority that is no whole number within the range both sides can hold. */
export class InvalidPriorityError extends DroverError {
  readonly code = 'INVALID_PRIORITY';
}

/** A job option (attempts, timeout, backoff, type) that makes no sense. */
export class InvalidOptionError extends DroverError {
  readonly code = 'INVALID_OPTION';
}

export class JobNotFoundError extends DroverError {
  readonly code = 'JOB_NOT_FOUND';

  constructor(readonly jobId: string) {
    super(`job ${jobId} does not exist`);
  }
}

/** The contract's `job status not found`. */
export class JobStatusNotFoundError extends DroverError {
  readonly code = 'JOB_STATUS_NOT_FOUND';

  constructor(readonly jobId: string) {
    super('job status not found');
  }
}

/** The contract's `job result not found`. */
export class JobResultNotFoundError extends DroverError {
  readonly code = 'JOB_RESULT_NOT_FOUND';

  constructor(readonly jobId: string) {
    super('job result not found');
  }
}

/** The idempotency key belongs to a job of another payload. Nothing was added. */
export class IdempotencyKeyReusedError extends DroverError {
  readonly code = 'IDEMPOTENCY_KEY_REUSED';

  /** @param jobId absent when it belongs to a request that added many jobs. */
  constructor(key: string, jobId?: string) {
    const other =
      jobId === undefined ? 'a request of another content' : `job ${jobId}, which has another payload`;
    super(`the idempotency key ${JSON.stringify(key)} belongs to ${other}`);
  }
}

/** Ids of jobs that were to be added together are taken. Nothing was added. */
export class IdsTakenError extends DroverError {
  readonly code = 'JOB_EXISTS';

  /** @param taken the jobs, by their places in the request from 0. */
  constructor(readonly taken: readonly { index: number; id: string }[]) {
    super(`${taken.length} of the ids are taken, the first is ${taken[0]?.id}; nothing was added`);
  }
}

/** A job with this id exists. */
export class JobExistsError extends DroverError {
  readonly code = 'JOB_EXISTS';

  constructor(readonly jobId: string) {
    super(`job ${jobId} exists`);
  }
}

/** There is a job scheduler of this id, and it was not to be replaced. Nothing changed. */
export class SchedulerExistsError extends DroverError {
  readonly code = 'SCHEDULE_EXISTS';

  constructor(readonly schedulerId: string) {
    super(`job scheduler ${schedulerId} exists`);
  }
}

/** The job's state does not allow the operation; the message says which does. */
export class JobStateError extends DroverError {
  readonly code = 'JOB_STATE_CONFLICT';

  constructor(
    readonly jobId: string,
    readonly state: string,
    reason: string,
  ) {
    super(`job ${jobId} is ${state}: ${reason}`);
  }
}

/** A key of the queue holds another Redis type than it must. Nothing was changed. */
export class WrongKeyTypeError extends DroverError {
  readonly code = 'WRONG_KEY_TYPE';

  constructor(
    readonly key: string,
    readonly found: string,
    readonly expected: string,
  ) {
    super(`Redis key ${key} is a ${found}, but must be a ${expected}`);
  }
}

/** The Redis server lacks commands that the store needs. */
export class RedisTooOldError extends DroverError {
  readonly code = 'REDIS_TOO_OLD';

  constructor(
    readonly version: string,
    readonly minimum: string,
  ) {
    super(`Redis ${version} is too old: ${minimum} or newer (or Valkey) is needed`);
  }
}

/** A queue name or prefix that would make keys ambiguous. */
export class InvalidQueueNameError extends DroverError {
  readonly code = 'INVALID_QUEUE_NAME';
}

/** A queue is registered in a Nest application whose root module does not import the store. */
export class MissingQueueModuleError extends DroverError {
  readonly code = 'MISSING_QUEUE_MODULE';

  constructor(readonly queueName: string) {
    super(
      `queue ${queueName} has no store: import QueueModule.forRoot() or forRootAsync() in the application's root module`,
    );
  }
}

/** A transition was refused; `code` of BullMQ's own errors stays readable as `bullCode`. */
export class JobTransitionError extends DroverError {
  readonly code = 'JOB_TRANSITION_REFUSED';

  constructor(
    message: string,
    readonly bullCode: number,
  ) {
    super(message);
  }
}
