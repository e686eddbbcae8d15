import { DroverError } from '#libs/contracts';
import { PermanentJobError } from '../../framework/index.js';

/** A report has more rows, or more bytes, than allowed. Fails the job for good. */
export class ReportTooLargeError extends PermanentJobError {
  override readonly code = 'REPORT_TOO_LARGE';
}

/** A report wants rows from the history, and the worker does not know where. Fails the job for good. */
export class HistoryNotSetError extends PermanentJobError {
  override readonly code = 'HISTORY_NOT_SET';

  constructor() {
    super('rows from the history need the settings DROVER_API_URL and DROVER_API_KEY of the worker');
  }
}

/** The API refuses the worker's key or the filter. Fails the job for good. */
export class HistoryRefusedError extends PermanentJobError {
  override readonly code = 'HISTORY_REFUSED';
}

/** The API cannot be reached, or cannot serve now. The job is tried again. */
export class HistoryUnavailableError extends DroverError {
  readonly code = 'HISTORY_UNAVAILABLE';
}
