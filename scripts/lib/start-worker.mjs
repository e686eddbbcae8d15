import { address, takePorts } from './addresses.mjs';
import { App } from './app.mjs';
import { isSame, readState } from './lock.mjs';
import { UserError, report, say } from './messages.mjs';
import { dataDir, loadEnvFile } from './paths.mjs';
import { freePort, portProblem } from './ports.mjs';
import { checkRedis, withoutPassword } from './redis-check.mjs';
import { setUp } from './set-up.mjs';
import { checkSettings } from './settings.mjs';
import { SPARE_SECONDS, Stack } from './stack.mjs';
import { stateFile } from './start.mjs';

const STANDARD_PORT = 3001;

/** `npm run start:worker`: one more worker, beside a running `npm start` or on the Redis of REDIS_URL. */
export async function startWorker() {
  loadEnvFile();
  const own = { REDIS_URL: redisUrl(process.env), DATA_DIR: dataDir(), DROVER_ADMIN_KEY: '' };
  const env = { ...process.env, ...own };
  const port = await workerPort(env);
  await checkRedis(env.REDIS_URL);
  await setUp();
  env.WORKER_PORT = String(port);
  return runWorker(await checkSettings(env), env);
}

function redisUrl(env) {
  if (env.REDIS_URL) return env.REDIS_URL;
  const state = readState(stateFile(env));
  if (!isSame(state?.owner)) {
    throw new UserError('a worker needs a Redis: set REDIS_URL, or run npm start in this folder first');
  }
  if (state.redisUrl) return state.redisUrl;
  if (!state.apps) throw new UserError('npm start is still starting here: start the worker when it is up');
  throw new UserError(
    'npm start runs here on the Redis of its REDIS_URL: set the same REDIS_URL for this worker',
  );
}

/** The first worker has the standard port; one that was given none takes any. */
async function workerPort(env) {
  const given = Boolean(env.WORKER_PORT?.trim());
  if (!given && (await portProblem(STANDARD_PORT, env.HOST || '127.0.0.1')) === 'EADDRINUSE')
    return freePort(env.HOST);
  return (await takePorts({ WORKER_PORT: STANDARD_PORT }, env)).WORKER_PORT;
}

async function runWorker(settings, env) {
  const stack = new Stack();
  stack.graceMs = (settings.SHUTDOWN_SECONDS + SPARE_SECONDS) * 1000;
  const healthUrl = `${address(settings.HOST, settings.WORKER_PORT)}/health`;
  try {
    await stack.add(new App({ name: 'worker', healthUrl, env })).healthy(stack.isStopping);
    if (!stack.isStopping()) {
      say(
        `The worker is running on ${withoutPassword(env.REDIS_URL)}; health: ${healthUrl}. Ctrl-C stops it.`,
      );
    }
  } catch (error) {
    if (!stack.isStopping()) report(error);
    void stack.stop(1);
  }
  return stack.ended;
}
