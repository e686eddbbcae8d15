import { Injectable } from '@nestjs/common';
import { TooManyRequestsError, UnauthenticatedError } from '../access-errors.js';
import { Authenticator } from '../authenticator.js';
import { withSession, type Identity, type Owner } from '../caller.js';
import { FailedSignIns } from '../throttle/failed-sign-ins.js';
import { Sessions } from './sessions.js';
import { SignInLinks } from './sign-in-links.js';

const WRONG_LINK =
  'this link has been used, or is older than 15 minutes: sign in with a key, or start again for a new link';

/** A browser that has just been signed in. */
export interface SignedIn {
  /** For its cookie. */
  readonly text: string;
  readonly caller: Identity;
}

/** Signs browsers in. */
@Injectable()
export class SignIn {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly sessions: Sessions,
    private readonly links: SignInLinks,
    private readonly failures: FailedSignIns,
  ) {}

  /**
   * Starts a session with the rights of a key.
   *
   * @throws {UnauthenticatedError} for a wrong key.
   * @throws {TooManyRequestsError} when too many were wrong lately.
   */
  async byKey(key: string, address: string): Promise<SignedIn> {
    const caller = await this.authenticator.byKey(key, address);
    return this.start(caller.owner, caller);
  }

  /** Starts a session with a link, which is used up. @throws as {@link byKey}. */
  async byLink(token: string, address: string): Promise<SignedIn> {
    const wait = this.failures.waitOf(address);
    if (wait > 0) throw new TooManyRequestsError(`too many wrong keys from ${address}`, wait);
    const owner = await this.links.redeem(token);
    const caller = owner && (await this.authenticator.ofOwner(owner));
    if (caller) return this.start(owner, caller);
    this.failures.note(address);
    throw new UnauthenticatedError(WRONG_LINK, true);
  }

  private async start(owner: Owner, caller: Identity): Promise<SignedIn> {
    const { text, session } = await this.sessions.start(owner);
    return { text, caller: withSession(caller, session) };
  }
}
