import { UserError } from './messages.mjs';
import { freePort, portProblem } from './ports.mjs';

/** Host to reach a server on that listens on `host`. */
function reachable(host) {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

export const address = (host, port) => `http://${reachable(host)}:${port}`;

function explain(setting, port, host, problem) {
  if (problem === 'EADDRINUSE') return `port ${port} is in use: set ${setting} to another port`;
  if (problem === 'EACCES')
    return `port ${port} needs more rights than you have: set ${setting} to one above 1023`;
  if (problem === 'EADDRNOTAVAIL')
    return `HOST: ${host} is no address of this machine: 127.0.0.1 is the usual one`;
  return `HOST: cannot listen on ${host} (${problem}): set HOST to an address of this machine`;
}

function portSetting(env, name, standard) {
  const text = env[name]?.trim() || String(standard);
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new UserError(`${name}: must be a port number from 0 to 65535 (got ${JSON.stringify(text)})`);
}

/**
 * Makes sure that the ports of these settings (name -> standard port) are free, and picks one for
 * those set to 0.
 * @returns the ports by setting
 */
export async function takePorts(standards, env = process.env) {
  const host = env.HOST || '127.0.0.1';
  const ports = {};
  const problems = new Set();
  for (const [name, standard] of Object.entries(standards)) {
    const port = portSetting(env, name, standard);
    const same = Object.keys(ports).find((other) => port !== 0 && ports[other] === port);
    if (same) problems.add(`${same} and ${name} are both ${port}: set one of them to another port`);
    const problem = port === 0 ? undefined : await portProblem(port, host);
    if (problem) problems.add(explain(name, port, host, problem));
    ports[name] = port === 0 && !problem ? await freePort() : port;
  }
  if (problems.size > 0) throw new UserError(...problems);
  return ports;
}
