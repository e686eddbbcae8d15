import { EmailFailedError, EmailRejectedError } from '../errors.js';

/** What nodemailer's errors tell. */
interface SmtpError extends Error {
  readonly code?: string;
  readonly response?: string;
  readonly responseCode?: number;
  readonly command?: string;
}

/** 503 says that the conversation went wrong, not that the message is unwanted. */
const BAD_SEQUENCE = 503;
/** No encryption where it is required: about the server, not the message. */
const NO_TLS = 'ETLS';
/** Refused before anything was offered to the server: another attempt would end the same way. */
const UNSENDABLE = new Set(['EENVELOPE', 'EMESSAGE']);

/**
 * A failed send as the job's error: 5xx answers for good, 4xx and everything about connections to be tried again.
 * Where recipients were refused for different reasons and one of them may do later, the answer is that one's.
 */
export function sendFailure(error: unknown): EmailFailedError | EmailRejectedError {
  const { code, response, responseCode, command, message } = error as SmtpError;
  const where = command && response ? ` (to ${command.split(' ')[0]})` : '';
  const text = response ? `the mail server answered ${response}${where}` : message || code || String(error);
  return isPermanent(code, responseCode)
    ? new EmailRejectedError(text, responseCode, error)
    : new EmailFailedError(text, responseCode, error);
}

function isPermanent(code: string | undefined, responseCode: number | undefined): boolean {
  if (responseCode === undefined) return code !== undefined && UNSENDABLE.has(code);
  return responseCode >= 500 && responseCode < 600 && responseCode !== BAD_SEQUENCE && code !== NO_TLS;
}
