import { DroverError, toMilliseconds, type Duration } from '#libs/contracts';

/** Two handlers want the same job type. The worker refuses to start. */
export class DuplicateJobTypeError extends DroverError {
  readonly code = 'DUPLICATE_JOB_TYPE';

  /** @param isSame whether both are of one class; two of one name need not be. */
  constructor(type: string, first: string, second: string, isSame = first === second) {
    super(
      isSame
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

/** An option of `@JobHandler` that means nothing. The worker refuses to start. */
export class UnknownJobOptionError extends DroverError {
  readonly code = 'UNKNOWN_JOB_OPTION';

  /** @param nearest the known option that is likely meant, if any is. */
  constructor(
    className: string,
    type: string,
    readonly option: string,
    readonly nearest: string | undefined,
  ) {
    const hint = nearest === undefined ? '; docs/jobs.md has all there are' : `: did you mean ${nearest}?`;
    super(`job handler ${className} ("${String(type)}") has an unknown option ${option}${hint}`);
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

/** What is looked at before the handler did not end in time. It is tried again, as after a throw. */
export class CheckTimeoutError extends DroverError {
  readonly code = 'CHECK_TIMEOUT';

  constructor(check: string, boundMs: number) {
    super(`its check of ${check} did not end within ${boundMs} ms`);
  }
}

/** No worker had a handler for the job's type for so long that the job was given up. */
export class NoHandlerError extends DroverError {
  readonly code = 'NO_HANDLER';

  constructor(type: string, waitedMs: number, known: readonly string[]) {
    const types = known.length > 0 ? known.join(', ') : 'none';
    super(`no handler for job type "${type}" in ${Math.round(waitedMs / 1000)} s; types there are: ${types}`);
  }
}

/** A job whose type is routed to another queue lies in this one, where no worker has a handler for it; it fails for good. */
export class WrongQueueError extends DroverError {
  readonly code = 'WRONG_QUEUE';

  constructor(type: string, queue: string, route: string) {
    super(
      `jobs of type "${type}" go to queue "${route}" (QUEUE_ROUTES), but this one lies in "${queue}", where no worker has the type: add it to "${route}"`,
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

/**
 * Thrown by a handler to say when the job is to be tried again, in place of its backoff. Uses an attempt, as every
 * failure; without attempts left the job has failed for good.
 */
export class RetryLaterError extends DroverError {
  readonly code: string = 'RETRY_LATER';
  /** Milliseconds until the next attempt, before the type's `backoff.max` bounds them. */
  readonly afterMs: number;

  /**
   * @param options `after`: time from now, milliseconds or a text like `'90s'`; at most the type's `backoff.max` (an hour,
   *   unless it says otherwise) is waited, and up to the part `backoff.jitter` of it longer, so that jobs that were sent away together do not come back together.
   * @throws {TypeError} for an `after` that is no time.
   */
  constructor(message: string, { after, ...options }: ErrorOptions & { after: Duration }) {
    super(message, options);
    const ms = toMilliseconds(after);
    if (ms === undefined)
      throw new TypeError(`after must be milliseconds or a text like "30s", not ${String(after)}`);
    this.afterMs = ms;
  }
}

/** `context.progress()` was given what is no progress (NaN, infinite, a total of 0, a text, null). */
export class InvalidProgressError extends DroverError {
  readonly code = 'INVALID_PROGRESS';

  constructor(value: string) {
    super(`progress must be 0 to 100, { current, total } or an object, not ${value}`);
  }
}

/** What the handler returned does not fit the type's result schema; the job fails for good. */
export class ResultMismatchError extends DroverError {
  readonly code = 'RESULT_MISMATCH';

  constructor(type: string, problems: readonly string[]) {
    super(`result does not fit job type "${type}": ${problems.join('; ')}`);
  }
}

/** A handler returned what JSON cannot hold (a cycle, a bigint); the job fails for good. */
export class ResultNotJsonError extends DroverError {
  readonly code = 'RESULT_NOT_JSON';

  constructor(type: string, reason: string, cause?: unknown) {
    super(`result of job type "${type}" is no JSON: ${reason}`, { cause });
  }
}

/** The state given to `context.checkpoint()` is too large. */
export class CheckpointTooLargeError extends DroverError {
  readonly code = 'CHECKPOINT_TOO_LARGE';

  constructor(bytes: number, maxBytes: number) {
    super(`a checkpoint may have ${maxBytes} bytes of JSON, this one has ${bytes}`);
  }
}

/** The state given to `context.checkpoint()` is what JSON cannot hold: a function, a cycle, a bigint. */
export class CheckpointNotJsonError extends DroverError {
  readonly code = 'CHECKPOINT_NOT_JSON';

  constructor(reason: string, cause?: unknown) {
    super(`the state of a checkpoint is no JSON: ${reason}`, { cause });
  }
}

/** A checkpoint was not stored: Redis is away, or the job is no longer this run's. */
export class CheckpointNotKeptError extends DroverError {
  readonly code = 'CHECKPOINT_NOT_KEPT';
}

/** `context.flow()` was called twice in one run. */
export class FlowRepeatedError extends DroverError {
  readonly code = 'FLOW_REPEATED';

  constructor() {
    super('a run may call flow() once: give it all children, or let a child have its own flow');
  }
}

/** Thrown by `context.flow()` to end the run, which goes on when the children have ended. Let it pass. */
export class WaitingForChildren extends DroverError {
  readonly code = 'WAITING_FOR_CHILDREN';

  constructor() {
    super('the run ends here and is repeated when the children have ended');
  }
}

/** A run that was ended used its context: its job is no longer its own. */
export class RunEndedError extends DroverError {
  readonly code = 'RUN_ENDED';

  constructor() {
    super('the run has ended; its context can no longer be used');
  }
}

/** The run before was interrupted, and the type must not be run twice. Fails the job for good. */
export class InterruptedRunError extends DroverError {
  readonly code = 'INTERRUPTED_RUN';

  constructor(type: string) {
    super(
      `a run of this job was interrupted, and "${type}" is not idempotent: look at what it did, then replay it or not`,
    );
  }
}

/** A service or environment variable that a type requires is missing. The worker refuses to start. */
export class MissingRequirementError extends DroverError {
  readonly code = 'MISSING_REQUIREMENT';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** What `runBatch()` returned says not of each job what became of it; all of them fail for good. */
export class BatchResultError extends PermanentJobError {
  override readonly code = 'BATCH_RESULT';

  constructor(type: string, problem: string) {
    super(`runBatch() of job type "${type}" returned no usable results: ${problem}`);
  }
}

/** `runBatch()` ended with what another job's `flow()` threw. The job is run again, and no attempt is used. */
export class BatchBrokenOffError extends DroverError {
  readonly code = 'BATCH_BROKEN_OFF';

  constructor(type: string) {
    super(
      `runBatch() of job type "${type}" ended because another job of the batch waits for its children: give each job a try of its own, as eachItem() does`,
    );
  }
}

/** A child that a job waits for has failed; the job fails for good. */
export class ChildFailedError extends DroverError {
  readonly code = 'CHILD_FAILED';

  constructor(jobId: string) {
    super(`a child of job ${jobId} failed`);
  }
}

/** Two children of one run have the same key; the second was not added. */
export class ChildKeyRepeatedError extends DroverError {
  readonly code = 'CHILD_KEY_REPEATED';

  constructor(key: string) {
    super(`this run has added a child with the key "${key}" already: give each a key of its own`);
  }
}

/** The id of a child belongs to a job that is no child of this one, or of another type; nothing was added for it. */
export class ChildIdTakenError extends PermanentJobError {
  override readonly code = 'CHILD_ID_TAKEN';

  constructor(
    readonly jobId: string,
    type: string,
    found: { type: string; parent?: string | undefined },
  ) {
    const parent = found.parent === undefined ? '' : `, a child of ${found.parent}`;
    super(
      `a child of type "${type}" cannot be added as ${jobId}: that is a job of type "${found.type}"${parent}; give the child another key`,
    );
  }
}
