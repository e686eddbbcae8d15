import { hashOf, isSecretOf } from './credential.js';

/** The key of `DROVER_ADMIN_KEY`: an admin that is nowhere stored. Only its hash is kept in memory. */
export class AdminKey {
  /** `undefined` = there is none. */
  readonly hash: Buffer | undefined;

  constructor(key: string | undefined) {
    this.hash = key === undefined ? undefined : hashOf(key);
  }

  get isSet(): boolean {
    return this.hash !== undefined;
  }

  /** Takes the same time whatever differs. */
  matches(key: string): boolean {
    return this.hash !== undefined && isSecretOf(key, this.hash);
  }

  /** Whether `hash` is of this key, which may have been another one when it was noted. */
  hasHash(hash: Uint8Array): boolean {
    return this.hash?.equals(hash) ?? false;
  }
}
