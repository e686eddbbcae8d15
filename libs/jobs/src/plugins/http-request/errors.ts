import { STATUS_CODES } from 'node:http';
import { DroverError } from '#libs/contracts';
import { PermanentJobError, RetryLaterError } from '../../framework/index.js';

/** A request that must not or cannot be made as it is: its address, headers, secrets or limits. For good. */
export class RequestRefusedError extends PermanentJobError {
  override readonly code: string = 'HTTP_REQUEST_REFUSED';
}

/** All addresses of a host are such that requests may not go there. For good. */
export class AddressRefusedError extends RequestRefusedError {
  override readonly code = 'HTTP_ADDRESS_REFUSED';

  constructor(hostname: string, addresses: readonly string[]) {
    super(
      `${hostname} leads to ${addresses.join(', ') || 'no address'}, which is not public: ` +
        'name the host in HTTP_PRIVATE_HOSTS if jobs may ask it',
    );
  }
}

/** More redirects than allowed. For good. */
export class TooManyRedirectsError extends PermanentJobError {
  override readonly code = 'HTTP_TOO_MANY_REDIRECTS';

  constructor(max: number, url: string) {
    super(`more than ${max} redirects; the last one led to ${url}`);
  }
}

/** The response is larger than it may be, as sent or once decompressed. For good. */
export class ResponseTooLargeError extends PermanentJobError {
  override readonly code = 'HTTP_RESPONSE_TOO_LARGE';

  constructor(maxBytes: number) {
    super(`the response is larger than ${maxBytes} bytes`);
  }
}

/** The response came, but not in a form that can be read: its coding, or JSON that is none. For good. */
export class UnreadableResponseError extends PermanentJobError {
  override readonly code = 'HTTP_RESPONSE_UNREADABLE';
}

/** No response, or not all of it: DNS, connection, TLS, a server that hangs up. May be tried again. */
export class RequestFailedError extends DroverError {
  readonly code = 'HTTP_REQUEST_FAILED';
}

/** What Node.js says of a certificate it does not take. */
const OF_CERTIFICATE =
  /^(CERT_|ERR_TLS_CERT_|UNABLE_TO_(GET|VERIFY|DECODE|DECRYPT)_|SELF_SIGNED_CERT|DEPTH_ZERO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH)/;

export const isCertificateError = (error: unknown): error is NodeJS.ErrnoException =>
  OF_CERTIFICATE.test(String((error as NodeJS.ErrnoException).code));

/** The server's certificate is not for its host, has run out, or nobody known vouches for it. Nothing was sent. May be tried again. */
export class CertificateRefusedError extends DroverError {
  readonly code = 'HTTP_CERTIFICATE_REFUSED';

  /** @param cause what Node.js says. */
  constructor(host: string, cause: NodeJS.ErrnoException) {
    super(
      `the certificate of ${host} is refused: ${cause.message} (${cause.code}); ` +
        'HTTP_CA_FILE names an authority of your own',
      { cause },
    );
  }
}

/** The request took longer than it may. May be tried again. */
export class RequestTimeoutError extends DroverError {
  readonly code = 'HTTP_REQUEST_TIMEOUT';

  constructor(readonly timeoutMs: number) {
    super(`no complete response within ${timeoutMs} ms`);
  }
}

const RETRYABLE = new Set([408, 425, 429]);

/** What is known of a response that was not expected. */
export interface UnexpectedStatus {
  /** Method and address, for the message. */
  readonly request: string;
  readonly status: number;
  /** The beginning of the response's body. */
  readonly excerpt: string;
  /** What the server says about when to come back. */
  readonly retryAfterMs: number | undefined;
}

/** The server answered with a status that was not expected. */
export class UnexpectedStatusError extends DroverError {
  readonly code = 'HTTP_UNEXPECTED_STATUS';
  readonly status: number;

  constructor(answer: UnexpectedStatus) {
    super(describe(answer));
    this.status = answer.status;
  }

  /** Whether the same request may be answered otherwise later: 408, 425, 429 and 5xx. */
  get retryable(): boolean {
    return RETRYABLE.has(this.status) || this.status >= 500;
  }
}

/** The server answered with such a status, and said when to come back. Tried again then. */
export class ServerBusyError extends RetryLaterError {
  override readonly code = 'HTTP_UNEXPECTED_STATUS';
  readonly status: number;

  constructor(answer: UnexpectedStatus, retryAfterMs: number) {
    super(describe(answer), { after: retryAfterMs });
    this.status = answer.status;
  }
}

function describe({ request, status, excerpt, retryAfterMs }: UnexpectedStatus): string {
  const wait = retryAfterMs === undefined ? '' : `, and asks to wait ${Math.ceil(retryAfterMs / 1000)} s`;
  const answered = `${request} answered ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();
  return answered + wait + (excerpt && `: ${excerpt}`);
}
