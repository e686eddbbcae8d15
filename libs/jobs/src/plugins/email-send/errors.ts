import { DroverError } from '#libs/contracts';
import { PermanentJobError } from '../../framework/index.js';

/** A message that must not be sent as it is: its recipients or its size. For good. */
export class EmailRefusedError extends PermanentJobError {
  override readonly code = 'EMAIL_REFUSED';
}

/** The mail server refused the message with a 5xx answer. For good. */
export class EmailRejectedError extends PermanentJobError {
  override readonly code = 'EMAIL_REJECTED';

  /** @param responseCode the server's answer; absent when the message could not even be offered. */
  constructor(
    message: string,
    readonly responseCode: number | undefined,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/** The message was not taken: a 4xx answer, or no connection, or one that broke. May be tried again. */
export class EmailFailedError extends DroverError {
  readonly code = 'EMAIL_FAILED';

  constructor(
    message: string,
    readonly responseCode: number | undefined,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}
