import { DroverError } from '#libs/contracts';
import { PermanentJobError } from '../../framework/index.js';
import type { StepKind } from './steps/schema.js';

/**
 * A step did not do what it should. `cause` is why; its code is this error's too, so that programs can tell, where the cause is
 * one of Drover's. What the browser says has none: `BROWSER_STEP_FAILED`.
 */
export class BrowserStepError extends DroverError {
  readonly code: string;

  /** @param step number of the step, from 1. */
  constructor(
    readonly step: number,
    readonly kind: StepKind,
    reason: string,
    cause: unknown,
  ) {
    super(`step ${step} (${kind}) failed: ${reason}`, { cause });
    this.code = cause instanceof DroverError ? cause.code : 'BROWSER_STEP_FAILED';
  }
}

/** What an assert step expects did not come to hold in its time. */
export class AssertionFailedError extends DroverError {
  readonly code = 'BROWSER_ASSERTION_FAILED';
}

/** A page answered a goto step with an error. */
export class ErrorStatusError extends DroverError {
  readonly code = 'BROWSER_ERROR_STATUS';

  constructor(readonly status: number) {
    super(`the page answered with status ${status}`);
  }
}

/** The extracts of a job are larger than allowed. Fails the job for good. */
export class ExtractTooLargeError extends PermanentJobError {
  override readonly code = 'BROWSER_EXTRACT_TOO_LARGE';

  constructor(maxBytes: number) {
    super(`the extracts of a job may have ${maxBytes} bytes together (BROWSER_EXTRACT_BYTES)`);
  }
}
