import { spawnSync } from 'node:child_process';
import { run } from './commands.mjs';
import { UserError, say } from './messages.mjs';
import { onPath } from './redis-finder.mjs';

/** So that apt asks no questions; sudo does not pass the environment on. */
const QUIET = 'DEBIAN_FRONTEND=noninteractive';

/**
 * How packages can be installed here without asking for a password; undefined when they cannot.
 *
 * @returns {{ name: 'apt' | 'brew', commands: (what: string) => string[][] } | undefined}
 */
export function findInstaller() {
  const apt = onPath('apt-get');
  if (apt) {
    const isRoot = process.getuid?.() === 0;
    if (isRoot) return aptInstaller([apt]);
    const sudo = onPath('sudo');
    const mayAlways = sudo && spawnSync(sudo, ['-n', 'true'], { stdio: 'ignore' }).status === 0;
    if (mayAlways) return aptInstaller([sudo, '-n', 'env', QUIET, apt]);
  }
  const brew = onPath('brew');
  return brew ? { name: 'brew', commands: (what) => [[brew, 'install', what]] } : undefined;
}

function aptInstaller(apt) {
  const options = ['-qq', '-o', 'Dpkg::Use-Pty=0'];
  return {
    name: 'apt',
    commands: (what) => [
      [...apt, ...options, 'update'],
      [...apt, ...options, 'install', '-y', '--no-install-recommends', what],
    ],
  };
}

/**
 * Installs one package.
 *
 * @param program what is missing on this machine, for the message
 * @param ways what the user can do when it fails
 * @throws {UserError} when a command of it fails
 */
export async function install({ name, commands }, { what, program, ways }) {
  say(`No ${program} on this machine: installing it with ${name} ...`);
  for (const [file, ...args] of commands(what)) {
    const code = await run(file, args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
    if (code !== 0)
      throw new UserError(`installing ${what} failed ("${[file, ...args].join(' ')}"): ${ways}`);
  }
}
