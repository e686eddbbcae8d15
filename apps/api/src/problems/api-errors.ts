import { DroverError, type FieldError } from '#libs/contracts';

/** The request does not fit its schema. `errors` has one entry for each thing that is wrong. */
export class InvalidRequestError extends DroverError {
  readonly code = 'INVALID_REQUEST';

  constructor(readonly errors: readonly FieldError[]) {
    super(errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; '));
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
    const shown = literal.length > 40 ? `${literal.slice(0, 40)}...` : literal;
    super(`the number ${shown} cannot be held exactly: send it as a string`);
  }
}

/** The body, or the payload in it, is larger than REST accepts. Sizes are bytes. */
export class BodyTooLargeError extends DroverError {
  readonly code = 'PAYLOAD_TOO_LARGE';

  constructor(what: 'payload' | 'request body', limit: number, actual?: number) {
    const found = actual === undefined ? '' : ` (got ${actual})`;
    super(`the ${what} may have at most ${limit} bytes${found}`);
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

/** Redis did not answer in time or cannot be reached. The text says whether the request may still take effect. */
export class RedisUnavailableError extends DroverError {
  readonly code = 'REDIS_UNAVAILABLE';
}
