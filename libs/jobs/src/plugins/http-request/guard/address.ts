import ipaddr from 'ipaddr.js';

/**
 * What kind of address one is:
 *
 * - `public`: anybody's;
 * - `private`: this machine, or a network of its owner (RFC 1918, RFC 6598, `fc00::/7`);
 * - `special`: link-local (where clouds keep their metadata), reserved, and ranges that lead to other
 *   addresses (6to4, Teredo);
 * - `never`: nothing a connection can be made to on purpose: multicast, broadcast, unspecified, or no address.
 */
export type AddressKind = 'public' | 'private' | 'special' | 'never';

const KINDS: Readonly<Record<string, AddressKind>> = {
  unicast: 'public',
  loopback: 'private',
  private: 'private',
  uniqueLocal: 'private',
  carrierGradeNat: 'private',
  multicast: 'never',
  broadcast: 'never',
  unspecified: 'never',
};

/** What is handed out to the internet is in here; all else is not public, whatever it is one day. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** Networks without IPv4 reach it through these; the last 32 bits are the address that is meant. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/** Judges an address as it stands in a socket or in an answer of DNS. */
export function kindOfAddress(text: string): AddressKind {
  if (!ipaddr.isValid(text)) return 'never';
  // Maps ::ffff:127.0.0.1 to 127.0.0.1.
  const address = ipaddr.process(text);
  if (address instanceof ipaddr.IPv4) return KINDS[address.range()] ?? 'special';
  if (address.match(NAT64)) return kindOfAddress(address.toByteArray().slice(12).join('.'));
  const kind = KINDS[address.range()] ?? 'special';
  return kind === 'public' && !address.match(GLOBAL_UNICAST) ? 'special' : kind;
}
