import { Injectable, Logger } from '@nestjs/common';
import { AccessNotConfiguredError } from './access-errors.js';
import { AdminKey } from './credentials/admin-key.js';
import { ApiKeys } from './keys/api-keys.js';
import { SignInLinks } from './sessions/sign-in-links.js';
import { SIGN_IN_PATH } from './sign-in/sign-in-path.js';

/** Looks at the start whether anybody can sign in. */
@Injectable()
export class Readiness {
  private readonly logger = new Logger('Access');
  private isWithoutKeys = false;

  constructor(
    private readonly keys: ApiKeys,
    private readonly adminKey: AdminKey,
    private readonly links: SignInLinks,
  ) {}

  /**
   * @param host where the API will listen.
   * @param isLoopback whether only this machine can reach it there.
   * @throws {AccessNotConfiguredError} when others could reach it, and there is no key.
   */
  async check(host: string, isLoopback: boolean): Promise<void> {
    if (this.adminKey.isSet) return;
    const { active, admins } = await this.keys.count();
    this.isWithoutKeys = active === 0;
    if (this.isWithoutKeys && !isLoopback) throw new AccessNotConfiguredError(host);
    if (!this.isWithoutKeys && admins === 0) {
      this.logger.warn('no valid key has the role admin: set DROVER_ADMIN_KEY to manage keys');
    }
  }

  /** Path of a link that signs in once as an admin; `undefined` when there are keys to sign in with. */
  async firstLink(): Promise<string | undefined> {
    if (this.adminKey.isSet || !this.isWithoutKeys) return undefined;
    const { token } = await this.links.create({ kind: 'local' });
    return `${SIGN_IN_PATH}?token=${token}`;
  }
}
