import { Injectable } from '@nestjs/common';
import { MOST_CREDENTIAL_LENGTH } from '#libs/contracts';
import { DatabaseUnavailableError } from '#libs/sql';
import { TooManyRequestsError, UnauthenticatedError } from './access-errors.js';
import { ADMIN_NAME, LOCAL_NAME, withSession, type Identity, type Owner } from './caller.js';
import { AdminKey } from './credentials/admin-key.js';
import { isSecretOf, parseCredential } from './credentials/credential.js';
import type { ApiKey } from './keys/api-key.entity.js';
import { ApiKeys } from './keys/api-keys.js';
import { stateOf } from './keys/key-view.js';
import { toOwner } from './sessions/owner-columns.js';
import { Sessions } from './sessions/sessions.js';
import { FailedSignIns } from './throttle/failed-sign-ins.js';

/** What a request, of whatever kind, says of who makes it. */
export interface Credentials {
  /** The header `Authorization`. */
  readonly authorization: string | undefined;
  /** The cookie of a session; leave it out where a cookie must not count. */
  readonly session: string | undefined;
  /** Where the request comes from. */
  readonly address: string;
}

const BEARER = /^Bearer +(\S+) *$/i;
const WRONG = 'this is no valid API key';

/** Finds out who makes a request: REST, pages and sockets alike. */
@Injectable()
export class Authenticator {
  constructor(
    private readonly keys: ApiKeys,
    private readonly sessions: Sessions,
    private readonly adminKey: AdminKey,
    private readonly failures: FailedSignIns,
  ) {}

  /**
   * @throws {UnauthenticatedError} nothing valid was given.
   * @throws {TooManyRequestsError} too many wrong keys came from the address lately.
   * @throws {DatabaseUnavailableError} the database does not answer.
   */
  async authenticate({ authorization, session, address }: Credentials): Promise<Identity> {
    if (authorization !== undefined) {
      const [, key] = BEARER.exec(authorization) ?? [];
      if (key === undefined) throw new UnauthenticatedError();
      return this.byKey(key, address);
    }
    const found = session === undefined ? undefined : await this.bySession(session);
    if (!found) throw new UnauthenticatedError();
    return found;
  }

  /** The caller who has this key. @throws as {@link authenticate}. */
  async byKey(text: string, address: string): Promise<Identity> {
    const credential = parseCredential('dk', text);
    const key = credential && (await reading(this.keys.find(credential.id)));
    // A key of 256 random bits cannot be guessed, so it may come in also beside somebody who guesses.
    if (key && isSecretOf(credential.secret, key.secretHash)) return this.identityOf(key, 'key');
    const wait = this.failures.waitOf(address);
    if (wait > 0) throw new TooManyRequestsError(`too many wrong keys from ${address}`, wait);
    if (text.length <= MOST_CREDENTIAL_LENGTH && this.adminKey.matches(text)) return this.admin('key');
    this.failures.note(address);
    throw new UnauthenticatedError(WRONG, true);
  }

  /** The caller of a session; `undefined` when it, or the key it belongs to, is not valid any more. */
  private async bySession(text: string): Promise<Identity | undefined> {
    const session = await reading(this.sessions.find(text));
    const identity = session && (await this.ofOwner(toOwner(session)));
    return identity && withSession(identity, session);
  }

  /** The caller with the rights of a session or a link; `undefined` when those have ended. */
  async ofOwner(owner: Owner): Promise<Identity | undefined> {
    if (owner.kind === 'local') return caller(LOCAL_NAME, owner, 'session');
    if (owner.kind === 'admin') return this.adminKey.hasHash(owner.hash) ? this.admin('session') : undefined;
    const key = await reading(this.keys.find(owner.keyId));
    return key && stateOf(key) === 'active' ? this.identityOf(key, 'session') : undefined;
  }

  private admin(via: Identity['via']): Identity {
    return caller(ADMIN_NAME, { kind: 'admin', hash: this.adminKey.hash ?? Buffer.alloc(0) }, via);
  }

  /** @throws {UnauthenticatedError} which says why: whoever has the secret may know. */
  private identityOf(key: ApiKey, via: Identity['via']): Identity {
    const state = stateOf(key);
    if (state !== 'active') {
      const when = (state === 'revoked' ? key.revokedAt : key.expiresAt)?.toISOString() ?? '';
      throw new UnauthenticatedError(`the key "${key.name}" is ${state} since ${when}`, true);
    }
    this.keys.touch(key);
    const { id, name, role, ownJobsOnly, expiresAt } = key;
    const owner: Owner = { kind: 'key', keyId: id };
    return {
      name,
      role,
      isLimitedToOwn: ownJobsOnly,
      owner,
      via,
      ...(expiresAt && { keyEndsAt: expiresAt }),
    };
  }
}

const caller = (name: string, owner: Owner, via: Identity['via']): Identity => ({
  name,
  role: 'admin',
  isLimitedToOwn: false,
  owner,
  via,
});

async function reading<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new DatabaseUnavailableError('the database with the keys does not answer; nothing was changed', {
      cause: error,
    });
  }
}
