import { DroverError, type FieldError } from '#libs/contracts';

/** The request does not fit its schema. `errors` has one entry for each thing that is wrong. */
export class InvalidRequestError extends DroverError {
  readonly code = 'INVALID_REQUEST';

  constructor(readonly errors: readonly FieldError[]) {
    super(errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; '));
  }
}

/** Ids of jobs that were to be created together are taken. Nothing was added. */
export class IdsExistError extends DroverError {
  readonly code = 'JOB_EXISTS';

  /** @param errors the jobs whose ids are taken, by their places in the request. */
  constructor(
    message: string,
    readonly errors: readonly FieldError[],
  ) {
    super(message);
  }
}

/** The body is not JSON. */
export class InvalidJsonError extends DroverError {
  readonly code = 'INVALID_JSON';
}

/** The body has a number that JavaScript would silently change. */
export class UnsafeNumberError extends DroverError {
  readonly code = 'UNSAFE_NUMBER';

  constructor(literal: string) {
    super(`the number ${shorten(literal, 40)} cannot be held exactly: send it as a string`);
  }
}

/** The body, or the payload in it, is larger than REST accepts. Sizes are bytes. */
export class BodyTooLargeError extends DroverError {
  readonly code = 'PAYLOAD_TOO_LARGE';

  constructor(what: 'payload' | 'request body', limit: number, actual?: number) {
    const found = actual === undefined ? '' : ` (got ${actual})`;
    const instead =
      what === 'payload' ? ': larger content belongs into an artifact that the payload names' : '';
    super(`the ${what} may have at most ${limit} bytes${found}${instead}`);
  }
}

/** The body has a media type, character set or encoding that is not read here. */
export class UnsupportedMediaTypeError extends DroverError {
  readonly code = 'UNSUPPORTED_MEDIA_TYPE';
}

/** The path is not a URL path: a broken percent code. */
export class InvalidUrlError extends DroverError {
  readonly code = 'INVALID_URL';

  constructor() {
    super('the path has a percent sign that begins no valid UTF-8 percent code');
  }
}

/** Nothing is served at this path with this method. */
export class RouteNotFoundError extends DroverError {
  readonly code = 'ROUTE_NOT_FOUND';

  constructor(method: string, path: string) {
    super(`nothing is served at ${method} ${path}`);
  }
}

/** Something is served at this path, but not with this method. */
export class MethodNotAllowedError extends DroverError {
  readonly code = 'METHOD_NOT_ALLOWED';

  /** @param allowed methods that the path has. */
  constructor(
    method: string,
    readonly allowed: readonly string[],
  ) {
    super(`${method} is not possible here; possible: ${allowed.join(', ')}`);
  }
}

/** No live worker publishes this job type. */
export class TypeNotFoundError extends DroverError {
  readonly code = 'TYPE_NOT_FOUND';

  constructor(type: string) {
    super(`no live worker runs the job type ${shorten(JSON.stringify(type), 120)}`);
  }
}

/** The request names this server by a name it does not answer to. */
export class HostNotAllowedError extends DroverError {
  readonly code = 'HOST_NOT_ALLOWED';

  constructor(host: string | undefined) {
    const name = host === undefined ? 'no host' : `the host ${shorten(JSON.stringify(host), 120)}`;
    super(
      `the request names ${name}, which is none this server answers to: ` +
        'use localhost or 127.0.0.1, or add the name to the setting ALLOWED_HOSTS',
    );
  }
}

/** A web page of elsewhere wants to change something. */
export class CrossSiteRequestError extends DroverError {
  readonly code = 'CROSS_SITE_REQUEST';

  constructor(origin: string | undefined) {
    const page = origin === undefined ? 'a page of another origin' : `a page of ${shorten(origin, 120)}`;
    super(`${page} may not change anything here: only pages of this server and programs may`);
  }
}

/** Redis did not answer in time or cannot be reached. The text says whether the request may still take effect. */
export class RedisUnavailableError extends DroverError {
  readonly code = 'REDIS_UNAVAILABLE';
}

const shorten = (text: string, most: number) => (text.length > most ? `${text.slice(0, most)}...` : text);
