import { DroverError } from '#libs/contracts';

const NEEDS_KEY = 'this needs an API key: send it as Authorization: Bearer <key>, or sign in';

/** Nobody is known to make this request. The text tells more only to who has shown a right secret. */
export class UnauthenticatedError extends DroverError {
  readonly code = 'UNAUTHENTICATED';

  /** @param isWrong whether a credential was given. */
  constructor(
    message = NEEDS_KEY,
    readonly isWrong = false,
  ) {
    super(message);
  }
}

/** The caller is known, and may not do this. */
export class ForbiddenError extends DroverError {
  readonly code = 'FORBIDDEN';
}

/** A caller, or an address, asks too often. */
export class TooManyRequestsError extends DroverError {
  readonly code = 'TOO_MANY_REQUESTS';

  /** @param retryAfterSeconds when the next request would be answered. */
  constructor(
    what: string,
    readonly retryAfterSeconds: number,
  ) {
    super(`${what}: try again in ${retryAfterSeconds} s`);
  }
}

/** No such API key. */
export class KeyNotFoundError extends DroverError {
  readonly code = 'KEY_NOT_FOUND';

  constructor(id: string) {
    super(`there is no key ${id}`);
  }
}

/** Another key has the name. */
export class KeyExistsError extends DroverError {
  readonly code = 'KEY_EXISTS';

  constructor(name: string) {
    super(`a key with the name "${name}" exists, or existed: names are not used again`);
  }
}

/** Without this key nobody could manage keys any more. */
export class LastAdminKeyError extends DroverError {
  readonly code = 'LAST_ADMIN_KEY';

  constructor(name: string) {
    super(`"${name}" is the last valid admin key: create another one first, or set DROVER_ADMIN_KEY`);
  }
}

/** The API would be reachable from other machines, and nobody could sign in. */
export class AccessNotConfiguredError extends DroverError {
  readonly code = 'ACCESS_NOT_CONFIGURED';

  constructor(host: string) {
    super(
      `HOST: will not listen on ${host} while there is no key: set DROVER_ADMIN_KEY (20 characters or more), ` +
        'or HOST=127.0.0.1 to be reached from this machine only',
    );
  }
}

/** A route does not say who may call it. */
export class RouteWithoutAccessError extends DroverError {
  readonly code = 'ROUTE_WITHOUT_ACCESS';

  constructor(routes: readonly string[]) {
    super(`these routes do not say who may call them (@Access, @PublicAccess): ${routes.join(', ')}`);
  }
}
