import { findInstaller, install } from './installer.mjs';
import { UserError } from './messages.mjs';
import { OLDEST_REDIS, isNewEnough, redisServersOnPath } from './redis-finder.mjs';

const WAYS =
  'install it (Debian and Ubuntu: sudo apt-get install redis-server; macOS: brew install redis), ' +
  'or run "docker compose up -d redis" and set REDIS_URL=redis://127.0.0.1:6379, or set REDIS_URL to a Redis you have';

/** What the package with the server is called. */
const PACKAGE = { apt: 'redis-server', brew: 'redis' };

/** The Redis server program to run: what is on the PATH, else freshly installed where that can be done. */
export async function findOrInstallRedis() {
  const usable = usableServer();
  if (usable) return usable;
  const installer = findInstaller();
  if (installer && redisServersOnPath().length === 0) {
    await install(installer, { what: PACKAGE[installer.name], program: 'redis-server', ways: WAYS });
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
