import { spawnSync } from 'node:child_process';
import { run } from './commands.mjs';
import { UserError, say } from './messages.mjs';
import { OLDEST_REDIS, isNewEnough, onPath, redisServersOnPath } from './redis-finder.mjs';

const WAYS =
  'install it (Debian and Ubuntu: sudo apt-get install redis-server; macOS: brew install redis), ' +
  'or run "docker compose up -d redis" and set REDIS_URL=redis://127.0.0.1:6379, or set REDIS_URL to a Redis you have';

/** The Redis server program to run: what is on the PATH, else freshly installed where that can be done. */
export async function findOrInstallRedis() {
  const usable = usableServer();
  if (usable) return usable;
  const installer = findInstaller();
  if (installer && redisServersOnPath().length === 0) {
    await install(installer);
    const installed = usableServer();
    if (installed) return installed;
  }
  throw new UserError(`${whatIsWrong()}: ${WAYS}`);
}

const usableServer = () => redisServersOnPath().find(({ version }) => isNewEnough(version));

function whatIsWrong() {
  const oldest = OLDEST_REDIS.join('.');
  const [old] = redisServersOnPath();
  if (old) return `${old.file} is version ${old.version}, but Redis ${oldest} or newer is needed`;
  return `Redis ${oldest} or newer is needed, and there is neither redis-server nor valkey-server on the PATH`;
}

/** How a package can be installed here without asking for a password. */
function findInstaller() {
  const apt = onPath('apt-get');
  if (apt) {
    const isRoot = process.getuid?.() === 0;
    if (isRoot) return aptInstaller([apt]);
    const sudo = onPath('sudo');
    const mayAlways = sudo && spawnSync(sudo, ['-n', 'true'], { stdio: 'ignore' }).status === 0;
    if (mayAlways) return aptInstaller([sudo, '-n', 'env', QUIET, apt]);
  }
  const brew = onPath('brew');
  return brew ? { name: 'brew', commands: [[brew, 'install', 'redis']] } : undefined;
}

/** So that apt asks no questions; sudo does not pass the environment on. */
const QUIET = 'DEBIAN_FRONTEND=noninteractive';

function aptInstaller(apt) {
  const options = ['-qq', '-o', 'Dpkg::Use-Pty=0'];
  return {
    name: 'apt',
    commands: [
      [...apt, ...options, 'update'],
      [...apt, ...options, 'install', '-y', '--no-install-recommends', 'redis-server'],
    ],
  };
}

async function install({ name, commands }) {
  say(`No redis-server on this machine: installing it with ${name} ...`);
  for (const [file, ...args] of commands) {
    const code = await run(file, args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
    if (code !== 0) throw new UserError(`installing Redis failed ("${[file, ...args].join(' ')}"): ${WAYS}`);
  }
}
