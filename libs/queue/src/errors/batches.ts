import { DroverError } from '#libs/contracts';

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
