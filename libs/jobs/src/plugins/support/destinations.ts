import { lookup as systemLookup } from 'node:dns/promises';
import { canonicalHost, isAddress, kindOfAddress } from './addresses.js';
import { isAmong, parseHostPattern, type HostAndPort, type HostPattern } from './host-pattern.js';

/** A host and port that something wants to reach. */
export type Destination = HostAndPort;

/** Where it may be reached, or why not. */
export type Verdict = { readonly address: string } | { readonly refused: string };

/** All addresses of a name. */
export type Lookup = (host: string) => Promise<readonly string[]>;

export interface DestinationRules {
  /** Lists of host patterns; a host must be in every list that is not empty. */
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
  private readonly allowed: readonly (readonly HostPattern[])[];
  private readonly privateHosts: readonly HostPattern[];

  /** @param lookup how names are looked up. Default: as the system does. */
  constructor(
    rules: DestinationRules,
    private readonly lookup: Lookup = lookupAll,
  ) {
    this.allowed = rules.allowed.filter(({ length }) => length > 0).map(patternsOf);
    this.privateHosts = patternsOf(rules.privateHosts);
  }

  async check(destination: Destination): Promise<Verdict> {
    const name = canonicalHost(destination.host);
    if (name === undefined) return { refused: 'it is no host' };
    if (!this.isAllowedName(destination)) return { refused: 'it is not among the allowed hosts' };
    const addresses = isAddress(name) ? [name] : await this.lookup(name).catch(() => []);
    const [first] = addresses;
    if (first === undefined) return { refused: 'its name has no address' };
    const hidden = addresses.find((address) => !this.mayReach(destination, address));
    if (hidden !== undefined) return { refused: `its address ${hidden} is not public` };
    return { address: first };
  }

  /** Without looking up its address. */
  isAllowedName(destination: Destination): boolean {
    return this.allowed.every((patterns) => isAmong(patterns, destination));
  }

  private mayReach(destination: Destination, address: string): boolean {
    const kind = kindOfAddress(address);
    if (kind === 'never') return false;
    return kind === 'public' || isAmong(this.privateHosts, destination, address);
  }
}

/** What is no pattern means nothing: whoever takes patterns in has refused it. */
const patternsOf = (texts: readonly string[]): HostPattern[] =>
  texts.map(parseHostPattern).filter((pattern) => pattern !== undefined);
