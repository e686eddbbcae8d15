import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { createSecureContext } from 'node:tls';
import { buildConnector } from 'undici';
import { AddressRefusedError } from '../errors.js';
import { canonicalHost } from '../../support/addresses.js';
import type { ReachPolicy } from './policy.js';

/** Finds all addresses of a name, as `dns.lookup` does with `all`. */
export type Resolve = (
  hostname: string,
  options: { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface ConnectorOptions {
  /** How names are looked up. Default: as the system does. */
  readonly resolve?: Resolve | undefined;
  /** Certificates of authorities that vouch for servers, PEM. Default: those Node.js knows. */
  readonly ca?: readonly string[] | undefined;
}

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Connects undici's clients, to allowed addresses only.
 *
 * The decision is made where the socket gets its address, on the very answer of DNS that is used: between
 * check and use there is nothing that could change. A host that is an address already is not looked up,
 * and is checked before; how it was spelled does not matter, since a URL knows one form of each.
 */
export function guardedConnector(
  policy: ReachPolicy,
  { resolve = lookup as Resolve, ca }: ConnectorOptions = {},
): buildConnector.connector {
  // Made once: reading some 150 authorities takes its time.
  const secureContext = ca && createSecureContext({ ca: [...ca] });
  return (options, callback) => {
    const host = canonicalHost(options.hostname) ?? options.hostname;
    const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80);
    const allows = (address: string) => policy.allows(host, port, address);
    if (isIP(host) !== 0 && !allows(host)) {
      callback(new AddressRefusedError(host, [host]), null);
      return;
    }
    // Made anew for each connection, because a lookup is not told the port.
    const connect = buildConnector({
      timeout: CONNECT_TIMEOUT_MS,
      allowH2: false,
      ...(secureContext && { secureContext }),
      lookup: guardedLookup(allows, resolve),
    });
    connect(options, (...[error, socket]) => {
      if (error) return callback(error, null);
      const address = socket.remoteAddress ?? '';
      if (allows(address)) return callback(null, socket);
      socket.destroy();
      callback(new AddressRefusedError(host, [address]), null);
    });
  };
}

/** Leaves out what is not allowed; a name that has nothing else is refused. */
function guardedLookup(allows: (address: string) => boolean, resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const [first, ...rest] = addresses.filter(({ address }) => allows(address));
      if (!first) {
        const found = addresses.map(({ address }) => address);
        return callback(new AddressRefusedError(hostname, found), '', 0);
      }
      if (options.all) callback(null, [first, ...rest]);
      else callback(null, first.address, first.family);
    });
  };
}
