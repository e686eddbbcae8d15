import { z } from 'zod';
import { bareHost } from '../../support/bare-host.js';

/** Which hosts are meant: one, or all below a domain, on one port or on any. */
export interface HostPattern {
  /** In lower case; IPv6 addresses without brackets. */
  readonly host: string;
  /** True: the names below `host` are meant, not `host` itself. */
  readonly below: boolean;
  /** Absent = any. */
  readonly port?: number;
}

const PATTERN = /^(\*\.)?([a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/i;

/** Reads `api.example.org`, `*.example.org`, `10.0.0.7:8080`, `[fd00::1]:8080`. @returns `undefined` for anything else */
export function parseHostPattern(text: string): HostPattern | undefined {
  const [, star, name, port] = PATTERN.exec(text) ?? [];
  if (name === undefined || !URL.canParse(`http://${name}`)) return undefined;
  // A URL spells addresses in one way only, and so must what they are compared with.
  const host = bareHost(new URL(`http://${name}`).hostname);
  if (port === undefined) return { host, below: star !== undefined };
  const number = Number(port);
  return number >= 1 && number <= 65_535 ? { host, below: star !== undefined, port: number } : undefined;
}

/** Schema of one {@link HostPattern} in a setting. */
export const hostPattern = z.string().transform((text, context): HostPattern => {
  const pattern = parseHostPattern(text);
  if (pattern) return pattern;
  context.addIssue({
    code: 'custom',
    message: 'must be hosts like api.example.org, *.example.org or 10.0.0.7:8080, separated by commas',
  });
  return z.NEVER;
});

/** Whether a host and port are meant by one of the patterns. */
export function isAmong(patterns: readonly HostPattern[], hostname: string, port: number): boolean {
  const host = bareHost(hostname);
  return patterns.some(
    (pattern) =>
      (pattern.port === undefined || pattern.port === port) &&
      (pattern.below ? host.endsWith(`.${pattern.host}`) : host === pattern.host),
  );
}

/** The port a URL leads to. */
export function portOf({ protocol, port }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}
