import { DroverError } from '#libs/contracts';

/** Two handlers want the same job type. The worker refuses to start. */
export class DuplicateJobTypeError extends DroverError {
  readonly code = 'DUPLICATE_JOB_TYPE';

  constructor(type: string, first: string, second: string) {
    super(
      first === second
        ? `${first}, the handler of job type "${type}", is a provider more than once: list it in one module only`
        : `job type "${type}" has two handlers, ${first} and ${second}: give one of them another type`,
    );
  }
}

/** A class decorated as a handler cannot be one. The worker refuses to start. */
export class InvalidJobHandlerError extends DroverError {
  readonly code = 'INVALID_JOB_HANDLER';

  constructor(className: string, problem: string) {
    super(`job handler ${className} ${problem}`);
  }
}

/** The job ran longer than it may. Reason of the handler's signal, and the error the job fails with. */
export class JobTimeoutError extends DroverError {
  readonly code = 'JOB_TIMEOUT';

  constructor(readonly timeoutMs: number) {
    super(`job took longer than its timeout of ${timeoutMs} ms`);
  }
}

/** The job was cancelled, or its lease went to another worker. Reason of the handler's signal; never a failure. */
export class JobCancelledError extends DroverError {
  readonly code = 'JOB_CANCELLED';
}

/** The worker is shutting down and hands the job back. Reason of the handler's signal; never a failure. */
export class WorkerStoppingError extends DroverError {
  readonly code = 'WORKER_STOPPING';

  constructor() {
    super('the worker is stopping; the job will be run again');
  }
}

/** No worker had a handler for the job's type for so long that the job was given up. */
export class NoHandlerError extends DroverError {
  readonly code = 'NO_HANDLER';

  constructor(type: string, waitedMs: number, known: readonly string[]) {
    const types = known.length > 0 ? known.join(', ') : 'none';
    super(
      `no handler for job type "${type}" in ${Math.round(waitedMs / 1000)} s; types known here: ${types}`,
    );
  }
}

/** The payload does not fit the type's schema; the job fails for good. */
export class PayloadMismatchError extends DroverError {
  readonly code = 'PAYLOAD_MISMATCH';

  constructor(
    type: string,
    readonly problems: readonly string[],
  ) {
    super(`payload does not fit job type "${type}": ${problems.join('; ')}`);
  }
}

/** Thrown by a handler to fail the job for good, whatever attempts are left. */
export class PermanentJobError extends DroverError {
  readonly code: string = 'PERMANENT_JOB_ERROR';
}

/** `context.progress()` was given a number that is none (NaN, infinite). */
export class InvalidProgressError extends DroverError {
  readonly code = 'INVALID_PROGRESS';

  constructor(value: number) {
    super(`progress must be 0 to 100 or an object, not ${value}`);
  }
}
