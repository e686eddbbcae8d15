import { PermanentJobError } from '../../framework/index.js';

/** A report has more rows, or more bytes, than allowed. Fails the job for good. */
export class ReportTooLargeError extends PermanentJobError {
  override readonly code = 'REPORT_TOO_LARGE';
}
