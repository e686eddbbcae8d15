import { lookup as systemLookup } from 'node:dns/promises';
import { isAddress, isBlock, isInBlock, isPublicAddress } from './addresses.js';
import { bareHost } from './bare-host.js';

/** A host and port that something wants to reach. */
export interface Destination {
  /** Name or address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Where it may be reached, or why not. */
export type Verdict = { readonly address: string } | { readonly refused: string };

/** All addresses of a name. */
export type Lookup = (host: string) => Promise<readonly string[]>;

export interface DestinationRules {
  /**
   * Lists of host patterns; a host must be in every list that is not empty. A pattern is a name or an address,
   * `*.example.org` for the names below one, each with or without a port.
   */
  readonly allowed: readonly (readonly string[])[];
  /** Hosts, addresses or blocks (`10.1.0.0/16`), with or without a port, that may be reached though they are not public. */
  readonly privateHosts: readonly string[];
}

const lookupAll: Lookup = async (host) => {
  const found = await systemLookup(host, { all: true, verbatim: true });
  return found.map(({ address }) => address);
};

/**
 * Decides which hosts may be reached. Whoever asks must connect to the address of the verdict and not look the
 * name up again: its next answer may be another (DNS rebinding).
 */
export class Destinations {
  private readonly allowed: readonly (readonly Pattern[])[];
  private readonly privateHosts: readonly Pattern[];

  /** @param lookup how names are looked up. Default: as the system does. */
  constructor(
    rules: DestinationRules,
    private readonly lookup: Lookup = lookupAll,
  ) {
    this.allowed = rules.allowed.filter(({ length }) => length > 0).map((list) => list.map(patternOf));
    this.privateHosts = rules.privateHosts.map(patternOf);
  }

  async check({ host, port }: Destination): Promise<Verdict> {
    const name = bareHost(host);
    if (!this.isAllowedName({ host: name, port })) return { refused: 'it is not among the allowed hosts' };
    const addresses = isAddress(name) ? [name] : await this.lookup(name).catch(() => []);
    const [first] = addresses;
    if (first === undefined) return { refused: 'its name has no address' };
    const hidden = addresses.find((address) => !this.mayReach({ host: name, port }, address));
    if (hidden !== undefined) return { refused: `its address ${hidden} is not public` };
    return { address: first };
  }

  /** Without looking up its address. */
  isAllowedName(destination: Destination): boolean {
    return this.allowed.every((list) => list.some((pattern) => matchesName(pattern, destination)));
  }

  private mayReach(destination: Destination, address: string): boolean {
    if (isPublicAddress(address)) return true;
    return this.privateHosts.some(
      (pattern) =>
        matchesName(pattern, destination) ||
        (matchesPort(pattern, destination) && isInBlock(address, pattern.host)),
    );
  }
}

interface Pattern {
  readonly host: string;
  readonly port: number | undefined;
}

/** A name (with `*.` before it or not), an address, or a block, each with a port or not; IPv6 with a port in brackets. */
const PATTERN =
  /^(?:\[([0-9a-f:.]+)\]|((?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|[0-9a-f:.]+)(\/\d+)?)(?::(\d+))?$/i;

/** Whether a text can be an entry of a list of hosts. */
export function isHostPattern(text: string): boolean {
  const [, inBrackets, plain = '', bits, port] = PATTERN.exec(text) ?? [];
  if (inBrackets === undefined && plain === '') return false;
  if (port !== undefined && Number(port) > 65_535) return false;
  if (inBrackets !== undefined) return isAddress(inBrackets);
  return bits !== undefined || plain.includes(':') ? isBlock(`${plain}${bits ?? ''}`) : true;
}

function patternOf(text: string): Pattern {
  if (isBlock(text)) return { host: text.toLowerCase(), port: undefined };
  const [, inBrackets, plain = '', bits = '', port] = PATTERN.exec(text) ?? [];
  return {
    host: bareHost(inBrackets ?? plain + bits),
    port: port === undefined ? undefined : Number(port),
  };
}

function matchesName(pattern: Pattern, { host, port }: Destination): boolean {
  if (!matchesPort(pattern, { port })) return false;
  return pattern.host.startsWith('*.') ? host.endsWith(pattern.host.slice(1)) : host === pattern.host;
}

const matchesPort = (pattern: Pattern, { port }: Pick<Destination, 'port'>): boolean =>
  pattern.port === undefined || pattern.port === port;
