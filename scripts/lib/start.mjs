import { dirname, join } from 'node:path';
import { chooseAdminKey, signInLink } from './admin-key.mjs';
import { address, takePorts } from './addresses.mjs';
import { App } from './app.mjs';
import { waitForLeftovers } from './leftovers.mjs';
import { dropLock, identify, takeLock, updateLock } from './lock.mjs';
import { UserError, report, say } from './messages.mjs';
import { dataDir, loadEnvFile } from './paths.mjs';
import { checkRedis, withoutPassword } from './redis-check.mjs';
import { findOrInstallRedis } from './redis-install.mjs';
import { startRedisServer } from './redis-server.mjs';
import { setUp } from './set-up.mjs';
import { checkSettings } from './settings.mjs';
import { SPARE_SECONDS, Stack } from './stack.mjs';

/** Where `npm start` writes down that it runs here, and what it runs. */
export const stateFile = (env) => join(dataDir(env), 'start.json');

const redisDir = (env) => join(dataDir(env), 'redis');

/** `npm start`: everything from a fresh checkout to a running stack, until a signal ends it. */
export async function start() {
  loadEnvFile();
  const env = process.env;
  const state = stateFile(env);
  const lock = takeLockIn(state);
  if (!lock.held) throw alreadyRunning(lock.holder);
  try {
    await waitForLeftovers(lock.previous, redisDir(env));
    const ports = await takePorts({ PORT: 3000, WORKER_PORT: 3001 }, env);
    const binary = await chooseRedis(env);
    await setUp();
    const given = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)]));
    const settings = await checkSettings({ ...env, ...given });
    const access = chooseAdminKey(env);
    return await runStack(settings, { ...env, ...given, DATA_DIR: dataDir(env) }, { binary, access, state });
  } finally {
    dropLock(state);
  }
}

function takeLockIn(state) {
  try {
    return takeLock(state);
  } catch (error) {
    throw new UserError(`DATA_DIR: cannot write to ${dirname(state)} (${error.code ?? error.message})`);
  }
}

function alreadyRunning(holder) {
  const where = holder?.api ? ` at ${holder.api}` : '';
  const pid = holder?.owner ? `, process ${holder.owner.pid}` : '';
  return new UserError(
    `npm start is already running here${where}${pid}: stop that one, or set DATA_DIR, PORT and WORKER_PORT for a second one`,
  );
}

/** @returns the server program to start, or undefined when the user named a Redis */
async function chooseRedis(env) {
  if (!env.REDIS_URL) return (await findOrInstallRedis()).file;
  await checkRedis(env.REDIS_URL);
  return undefined;
}

async function runStack(settings, env, { binary, access, state }) {
  const stack = new Stack();
  stack.graceMs = (settings.SHUTDOWN_SECONDS + SPARE_SECONDS) * 1000;
  try {
    if (binary) await startOwnRedis(stack, binary, env, state);
    const redisUrl = stack.redis?.url ?? env.REDIS_URL;
    if (!stack.isStopping())
      await startApps(stack, settings, { ...env, REDIS_URL: redisUrl }, { access, state });
    const link = stack.isStopping()
      ? undefined
      : await signInLink(address(settings.HOST, settings.PORT), access);
    if (!stack.isStopping()) announce(settings, stack, { access, link });
  } catch (error) {
    if (!stack.isStopping()) report(error);
    void stack.stop(1);
  }
  return stack.ended;
}

async function startOwnRedis(stack, binary, env, state) {
  const dir = redisDir(env);
  const server = await startRedisServer({ binary, dir, persistent: true, isCancelled: stack.isStopping });
  if (!server) return;
  stack.useRedis(server);
  updateLock(state, { redisUrl: server.url });
}

async function startApps(stack, settings, env, { access, state }) {
  const api = address(settings.HOST, settings.PORT);
  const worker = address(settings.HOST, settings.WORKER_PORT);
  // Handlers run in the worker, and have nothing to do with keys.
  const forWorker = { ...env, DROVER_ADMIN_KEY: '' };
  const forApi = access.key === undefined ? env : { ...env, DROVER_ADMIN_KEY: access.key };
  stack.add(new App({ name: 'api', healthUrl: `${api}/api/health`, env: forApi }));
  stack.add(new App({ name: 'worker', healthUrl: `${worker}/health`, env: forWorker }));
  const pids = stack.apps.map((app) => app.pid);
  stack.redis?.outlive(pids, stack.graceMs / 1000);
  updateLock(state, { api, apps: pids.map(identify), redisUrl: stack.redis?.url });
  await Promise.all(stack.apps.map((app) => app.healthy(stack.isStopping)));
}

function announce(settings, stack, { access, link }) {
  const api = address(settings.HOST, settings.PORT);
  const redis = stack.redis
    ? `${stack.redis.url} (data in ${stack.redis.dir})`
    : `${withoutPassword(settings.REDIS_URL)} (from REDIS_URL)`;
  const body = `'{"type":"example.echo","payload":{"hello":"world"}}'`;
  say(
    [
      '',
      'Drover is running. Ctrl-C stops it; the jobs stay.',
      `  API            ${api}/api`,
      `  Documentation  ${api}/api/docs`,
      `  Bull Board     ${api}/admin/queues`,
      `  Health         ${api}/api/health`,
      `  Worker health  ${address(settings.HOST, settings.WORKER_PORT)}/health`,
      `  Redis          ${redis}`,
      ...(link ? ['Sign in, once and within 15 minutes:', `  ${link}`] : []),
      'Try it:',
      `  curl -s -X POST ${api}/api/jobs -H "Authorization: Bearer ${access.shown}" -H 'content-type: application/json' -d ${body}`,
      '',
    ].join('\n'),
  );
}
