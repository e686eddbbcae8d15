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

type Address = ipaddr.IPv4 | ipaddr.IPv6;

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

/** Judges an address, in whatever spelling: IPv4 within IPv6 (mapped, NAT64) is what it leads to. */
export function kindOfAddress(text: string): AddressKind {
  const address = parseAddress(text);
  if (!address) return 'never';
  const kind = KINDS[address.range()] ?? 'special';
  if (address.kind() === 'ipv4') return kind;
  return kind === 'public' && !(address as ipaddr.IPv6).match(GLOBAL_UNICAST) ? 'special' : kind;
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

/** Whether a text is an address, in whatever spelling; IPv6 without brackets. */
export const isAddress = (text: string): boolean => parseAddress(text) !== undefined;

/** Whether a host, as {@link canonicalHost} spells it, is this machine by its loopback. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || isInBlock(host, '127.0.0.0/8') || isInBlock(host, '::1');

/**
 * The one spelling of a host that can be compared, looked up and connected to, by the rules of URLs: small letters, names in
 * ASCII, no dot at the end, no brackets, IPv4 as four decimal numbers (`0x7f.1` is `127.0.0.1`), also where IPv6 carries it.
 *
 * @returns `undefined` for what is no host: zones (`fe80::1%eth0`), ports, spaces.
 */
export function canonicalHost(text: string): string | undefined {
  const plain = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (plain.includes(':'))
    return ipaddr.IPv6.isValid(plain) && !plain.includes('%') ? canonical(plain) : undefined;
  if (plain === '' || /[\s/\\?#@]/.test(plain) || !URL.canParse(`http://${plain}`)) return undefined;
  const host = new URL(`http://${plain}`).hostname.replace(/\.$/, '');
  return host === '' ? undefined : host;
}

const canonical = (address: string): string => {
  const parsed = ipaddr.process(inGroups(address));
  return parsed.kind() === 'ipv4' ? parsed.toString() : (parsed as ipaddr.IPv6).toRFC5952String();
};

/** IPv6 without dots: `::127.0.0.1` is not the mapped address that ipaddr takes it for. */
function inGroups(address: string): string {
  if (!address.includes(':') || !address.includes('.') || !URL.canParse(`http://[${address}]`))
    return address;
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/** IPv4 where IPv6 leads to it. */
function parseAddress(text: string): Address | undefined {
  if (!ipaddr.isValid(text)) return undefined;
  const address = ipaddr.process(inGroups(text));
  if (address.kind() === 'ipv6' && (address as ipaddr.IPv6).match(NAT64)) {
    return ipaddr.fromByteArray(address.toByteArray().slice(12));
  }
  return address;
}

function parseBlock(text: string): [Address, number] | undefined {
  const single = parseAddress(text);
  if (single) return [single, single.kind() === 'ipv4' ? 32 : 128];
  // Not the short spellings: of 10.1/16 nobody knows where the numbers belong.
  return /^(\d+\.){3}\d+\/|:.*\//.test(text) && ipaddr.isValidCIDR(text) ? ipaddr.parseCIDR(text) : undefined;
}
