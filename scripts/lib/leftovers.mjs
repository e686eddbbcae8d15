import { isSame, readState } from './lock.mjs';
import { UserError, say } from './messages.mjs';
import { signal } from './processes.mjs';
import { redisLock } from './redis-server.mjs';
import { pollUntil } from './wait.mjs';

const APPS_SECONDS = 30;
const REDIS_SECONDS = 60;

const isGone = (process) => !isSame(process);

/**
 * Waits for what a run left that was killed with -9. Two Redis servers in one data folder would
 * destroy the data, so there is no going on before the old one is gone.
 *
 * @param previous what the dead run wrote down
 * @param redisDir folder of our own Redis
 */
export async function waitForLeftovers(previous, redisDir) {
  const apps = (previous?.apps ?? []).filter(isSame);
  const { owner: guard, redis: server } = readState(redisLock(redisDir)) ?? {};
  const redis = [guard, server].filter(isSame);
  if (apps.length === 0 && redis.length === 0) return;
  say('The last run was killed: waiting for its processes to end ...');
  apps.forEach(({ pid }) => signal(pid, 'SIGTERM'));
  const appsGone = await pollUntil(() => apps.every(isGone), { timeoutMs: APPS_SECONDS * 1000 });
  if (!appsGone) apps.filter(isSame).forEach(({ pid }) => signal(pid, 'SIGKILL'));
  if (redis.length > 0) signal(redis[0].pid, 'SIGTERM'); // the guard, which ends the server, or else the server
  const redisGone = await pollUntil(() => redis.every(isGone), { timeoutMs: REDIS_SECONDS * 1000 });
  if (redisGone) return;
  throw new UserError(
    `the Redis of the last run (process ${redis.at(-1).pid}) does not end: end it, then start again`,
  );
}
