import { z } from 'zod';
import { canonicalHost, isAddress, isBlock, isInBlock } from './addresses.js';

/** Which hosts are meant: one, all below a domain, or those of a block of addresses; on one port or on any. */
export interface HostPattern {
  /** A host as `canonicalHost` spells it, or a block. */
  readonly host: string;
  readonly means: 'host' | 'below' | 'block';
  /** Absent = any. */
  readonly port?: number;
}

/** A host and a port that something wants to reach. */
export interface HostAndPort {
  /** Name or address, in any spelling. */
  readonly host: string;
  readonly port: number;
}

const PATTERN = /^(\*\.)?([^\s*%:/\\?#@[\]]+|\[[0-9a-f:.]+\])(\/\d{1,3})?(?::(\d{1,5}))?$/iu;

/**
 * Reads `api.example.org`, `*.example.org`, `10.0.0.7:8080`, `[fd00::1]:8080`, `fd00::1`, `10.1.0.0/16`, `fd00::/8`.
 *
 * @returns `undefined` for anything else
 */
export function parseHostPattern(text: string): HostPattern | undefined {
  // IPv6 without a port, and blocks of it, need no brackets.
  if (text.split(':').length > 2 && !text.startsWith('[')) return addressesOf(text);
  const [, star, name, bits, port] = PATTERN.exec(text) ?? [];
  if (name === undefined) return undefined;
  const number = port === undefined ? undefined : Number(port);
  if (number !== undefined && (number < 1 || number > 65_535)) return undefined;
  const pattern = bits === undefined ? hostOf(name, star !== undefined) : addressesOf(`${name}${bits}`);
  return pattern && { ...pattern, ...(number === undefined ? {} : { port: number }) };
}

/** Whether a text can be an entry of a list of hosts. */
export const isHostPattern = (text: string): boolean => parseHostPattern(text) !== undefined;

/** Schema of one {@link HostPattern} in a setting. */
export const hostPattern = z.string().transform((text, context): HostPattern => {
  const pattern = parseHostPattern(text);
  if (pattern) return pattern;
  context.addIssue({
    code: 'custom',
    message:
      'must be hosts like api.example.org, *.example.org, 10.0.0.7:8080 or 10.1.0.0/16, separated by commas',
  });
  return z.NEVER;
});

/**
 * Whether a host is meant by one of the patterns.
 *
 * @param address what its name leads to: then a pattern of addresses may mean it too.
 */
export function isAmong(
  patterns: readonly HostPattern[],
  { host, port }: HostAndPort,
  address?: string,
): boolean {
  const name = canonicalHost(host);
  if (name === undefined) return false;
  const addresses = [name, address].filter((one) => one !== undefined && isAddress(one)) as string[];
  return patterns.some((pattern) => {
    if (pattern.port !== undefined && pattern.port !== port) return false;
    if (pattern.means === 'below') return name.endsWith(`.${pattern.host}`);
    return name === pattern.host || addresses.some((one) => isInBlock(one, pattern.host));
  });
}

/** The port a URL leads to. */
export function portOf({ protocol, port }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

function hostOf(name: string, isBelow: boolean): HostPattern | undefined {
  const host = canonicalHost(name);
  if (host === undefined || (isBelow && isAddress(host))) return undefined;
  return { host, means: isBelow ? 'below' : 'host' };
}

function addressesOf(text: string): HostPattern | undefined {
  if (text.includes('%') || !isBlock(text)) return undefined;
  const host = text.includes('/') ? text.toLowerCase() : canonicalHost(text);
  return host === undefined ? undefined : { host, means: text.includes('/') ? 'block' : 'host' };
}
