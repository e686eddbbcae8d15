import { InvalidSettingsError, type Environment } from '#libs/contracts';
import { RequestRefusedError } from '../errors.js';
import { isAmong, parseHostPattern, portOf, type HostPattern } from '../../support/host-pattern.js';

const PREFIX = 'JOB_SECRET_';
const HOSTS = '_HOSTS';
/** What a shorter one looks like turns up in harmless text as well, and would be blacked out there. */
const MIN_LENGTH = 8;
/** What may stand in a header. */
const VALUE = /^[\x20-\x7e\x80-\xff]+$/;

interface Binding {
  readonly scheme: 'https:' | 'http:';
  readonly pattern: HostPattern;
}

interface Secret {
  readonly value: string;
  readonly bindings: readonly Binding[];
}

/**
 * Secrets that jobs may use by name: `JOB_SECRET_<NAME>` with `JOB_SECRET_<NAME>_HOSTS` beside it, the hosts it may
 * be sent to. Over https on port 443 only, unless the host is written with another port or with `http://`.
 */
export class Secrets {
  private readonly byName: ReadonlyMap<string, Secret>;

  /** @throws {InvalidSettingsError} for a secret without hosts, or that cannot be sent in a header. Values are not shown. */
  constructor(environment: Environment) {
    const problems: string[] = [];
    const byName = new Map<string, Secret>();
    for (const [variable, value] of Object.entries(environment)) {
      if (!variable.startsWith(PREFIX) || variable.endsWith(HOSTS) || !value) continue;
      const hosts = environment[variable + HOSTS] ?? '';
      const bindings = bindingsOf(hosts);
      if (!bindings) problems.push(hostsProblem(variable, hosts));
      if (value.length < MIN_LENGTH) problems.push(`${variable}: must have ${MIN_LENGTH} characters or more`);
      if (!VALUE.test(value)) problems.push(`${variable}: has characters that no header may have`);
      if (bindings) byName.set(variable.slice(PREFIX.length), { value, bindings });
    }
    if (problems.length > 0) throw new InvalidSettingsError(problems);
    this.byName = byName;
  }

  /**
   * The value of a secret that is to be sent to `url`.
   *
   * @throws {RequestRefusedError} when there is no such secret, or it may not be sent there.
   */
  valueFor(name: string, url: URL): string {
    const secret = this.byName.get(name);
    if (!secret) throw new RequestRefusedError(`there is no secret "${name}": set ${PREFIX}${name}`);
    const allowed = secret.bindings.some(
      ({ scheme, pattern }) =>
        scheme === url.protocol && isAmong([pattern], { host: url.hostname, port: portOf(url) }),
    );
    if (allowed) return secret.value;
    throw new RequestRefusedError(
      `the secret "${name}" may not be sent to ${url.origin}: see ${PREFIX}${name}${HOSTS}`,
    );
  }
}

function hostsProblem(variable: string, hosts: string): string {
  return hosts === ''
    ? `${variable}: needs ${variable}${HOSTS}, the hosts it may be sent to`
    : `${variable}${HOSTS}: must be hosts like api.example.org or http://10.0.0.7:8080, separated by commas (got ${JSON.stringify(hosts)})`;
}

function bindingsOf(hosts: string): Binding[] | undefined {
  const texts = hosts
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const bindings = texts.map(bindingOf);
  return bindings.length > 0 && bindings.every((binding) => binding !== undefined) ? bindings : undefined;
}

function bindingOf(text: string): Binding | undefined {
  const [, given, host = ''] = /^(?:(https?:)\/\/)?(.*)$/.exec(text.toLowerCase()) ?? [];
  const scheme = given === 'http:' ? 'http:' : 'https:';
  const pattern = parseHostPattern(host);
  if (!pattern) return undefined;
  return { scheme, pattern: { ...pattern, port: pattern.port ?? (scheme === 'https:' ? 443 : 80) } };
}
