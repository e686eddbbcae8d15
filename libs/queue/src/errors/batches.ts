import { DroverError } from '#libs/contracts';

/** Ids that a text of an error names. */
const NAMED = 5;

/** Jobs with these ids exist; nothing was added. */
export class BatchIdsTakenError extends DroverError {
  readonly code = 'JOB_EXISTS';

  constructor(readonly ids: readonly string[]) {
    super(
      `jobs with these ids exist: ${ids.slice(0, NAMED).join(', ')}${ids.length > NAMED ? ' and others' : ''}`,
    );
  }
}

export class BatchNotFoundError extends DroverError {
  readonly code = 'BATCH_NOT_FOUND';

  constructor(readonly batchId: string) {
    super(`batch ${batchId} does not exist`);
  }
}

/** The batch's state does not allow the operation. */
export class BatchStateError extends DroverError {
  readonly code = 'BATCH_STATE_CONFLICT';

  constructor(
    readonly batchId: string,
    readonly state: string,
    reason: string,
  ) {
    super(`batch ${batchId} is ${state}: ${reason}`);
  }
}

/** The idempotency key belongs to a batch of another content. Nothing was added. */
export class BatchKeyReusedError extends DroverError {
  readonly code = 'IDEMPOTENCY_KEY_REUSED';

  constructor(key: string, batchId: string) {
    super(
      `the idempotency key ${JSON.stringify(key)} belongs to batch ${batchId}, which was made from another request`,
    );
  }
}
