import ipaddr from 'ipaddr.js';

/** IPv6 addresses that are routed on the internet; all other ranges are for special uses. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

/**
 * Whether an address belongs to a host on the public internet. Everything else is not: loopback, private and
 * link-local ranges (cloud metadata), carrier-grade NAT, multicast, reserved and documentation ranges, and IPv6
 * forms that carry an IPv4 address (mapped ones are judged by it, the tunnels 6to4, Teredo and NAT64 are refused).
 *
 * @param text an IPv4 or IPv6 address; anything else is not public.
 */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text);
  if (!address || address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(GLOBAL_UNICAST);
}

/** Whether an address lies in a block such as `10.1.0.0/16`, `fd00::/8`, or is the one that `block` names. */
export function isInBlock(text: string, block: string): boolean {
  const address = parseAddress(text);
  const range = parseBlock(block);
  if (!address || !range || address.kind() !== range[0].kind()) return false;
  return address.match(range as never);
}

/** Whether a text is an address, or a block of addresses in CIDR form. */
export const isBlock = (text: string): boolean => parseBlock(text) !== undefined;

/** Whether a text is an address; IPv6 without brackets. */
export const isAddress = (text: string): boolean => parseAddress(text) !== undefined;

function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // Zones (fe80::1%eth0) exist for link-local addresses only, which are never public.
  if (text.includes('%')) return undefined;
  // The short forms of IPv4 (127.1, 0x7f000001) are left out: a resolver gives the long one.
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !ipaddr.IPv6.isValid(text)) return undefined;
  return ipaddr.process(text);
}

function parseBlock(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] | undefined {
  const single = parseAddress(text);
  if (single) return [single, single.kind() === 'ipv4' ? 32 : 128];
  return ipaddr.isValidCIDR(text) ? ipaddr.parseCIDR(text) : undefined;
}
