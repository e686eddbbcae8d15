import { AddressRefusedError, RequestRefusedError } from '../errors.js';
import type { HttpRequestSettings } from '../settings.js';
import { kindOfAddress } from '../../support/addresses.js';
import { isAmong, portOf } from '../../support/host-pattern.js';

type Reach = Pick<HttpRequestSettings, 'HTTP_ALLOW_PRIVATE' | 'HTTP_ALLOWED_HOSTS' | 'HTTP_PRIVATE_HOSTS'>;

/** Where requests may go. */
export class ReachPolicy {
  constructor(private readonly reach: Reach) {}

  /**
   * Refuses an address in a payload or a redirect for what can be seen without DNS.
   *
   * @throws {RequestRefusedError} for other schemes than http and https, user names and passwords in it,
   *   and hosts that are not among those allowed.
   */
  checkUrl(url: URL): void {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new RequestRefusedError(
        `the scheme ${url.protocol.slice(0, 40)} is not allowed: only http and https are`,
      );
    }
    if (url.username !== '' || url.password !== '') {
      throw new RequestRefusedError('an address may not have a user name or password in it: use auth');
    }
    const { HTTP_ALLOWED_HOSTS } = this.reach;
    if (
      HTTP_ALLOWED_HOSTS.length > 0 &&
      !isAmong(HTTP_ALLOWED_HOSTS, { host: url.hostname, port: portOf(url) })
    ) {
      throw new RequestRefusedError(`the host ${url.host} is not among HTTP_ALLOWED_HOSTS`);
    }
  }

  /**
   * Refuses to be led from https to http: what was to be encrypted, a body too, would be there for everybody to read.
   *
   * @throws {RequestRefusedError}
   */
  checkRedirect(from: URL, to: URL): void {
    if (from.protocol !== 'https:' || to.protocol !== 'http:') return;
    throw new RequestRefusedError(`a redirect leads from https to http: ${to.origin}`);
  }

  /** Whether a connection for a host and port may go to an address. */
  allows(hostname: string, port: number, address: string): boolean {
    const kind = kindOfAddress(address);
    if (kind === 'never') return false;
    if (kind === 'public' || (kind === 'private' && this.reach.HTTP_ALLOW_PRIVATE)) return true;
    return isAmong(this.reach.HTTP_PRIVATE_HOSTS, { host: hostname, port }, address);
  }

  /** @throws {AddressRefusedError} */
  check(hostname: string, port: number, address: string): void {
    if (!this.allows(hostname, port, address)) throw new AddressRefusedError(hostname, [address]);
  }
}
