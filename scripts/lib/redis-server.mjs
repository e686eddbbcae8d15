import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './ports.mjs';
import { isAlive, signal } from './processes.mjs';
import { RedisReplyError, redisCommand } from './resp.mjs';
import { pollUntil } from './wait.mjs';

/** The lock file of the Redis that uses `dir`; it names the guard (`owner`) and the server (`redis`). */
export const redisLock = (dir) => join(dir, 'guard.json');

const guard = fileURLToPath(new URL('redis-guard.mjs', import.meta.url));
const ATTEMPTS = 5;

function serverArguments({ port, dir, persistent }) {
  return [
    ['--port', String(port)],
    ['--bind', '127.0.0.1'],
    ['--daemonize', 'no'],
    ['--dir', dir],
    ['--maxmemory-policy', 'noeviction'],
    ['--appendonly', persistent ? 'yes' : 'no'],
    ['--save', ''],
  ].flat();
}

/**
 * Starts a redis-server of our own on a free loopback port and waits until it has loaded its data.
 *
 * @param options.binary path of redis-server or valkey-server
 * @param options.dir where its data and its log go; created if missing
 * @param options.persistent keep the data in an append-only file
 * @param options.loadSeconds how long loading the data may take
 * @param options.isCancelled asked again and again; true ends the waiting and the server
 * @returns the running server, or undefined when cancelled
 */
export async function startRedisServer({
  binary,
  dir,
  persistent,
  loadSeconds = 300,
  isCancelled = () => false,
}) {
  mkdirSync(dir, { recursive: true });
  const log = join(dir, 'redis.log');
  for (let attempt = 1; ; attempt++) {
    const server = launch(binary, { port: await freePort(), dir, persistent }, log);
    const ready = await pollUntil(() => server.ended() || isCancelled() || isReady(server), {
      timeoutMs: loadSeconds * 1000,
      everyMs: 20,
    });
    if (ready && !server.ended() && !isCancelled()) return server;
    await server.stop();
    if (isCancelled()) return undefined;
    // Another process took the port between our looking and Redis's listening: try another one.
    const lost = /Address already in use/i.test(lastLines(log));
    if (!lost || attempt === ATTEMPTS)
      throw new Error(`${binary} did not start: ${lastLine(log)} (see ${log})`);
  }
}

function launch(binary, options, log) {
  const out = openSync(log, 'a');
  // A process group of its own: Ctrl-C in the terminal must not end Redis before its clients.
  const child = spawn(
    process.execPath,
    [guard, redisLock(options.dir), binary, ...serverArguments(options)],
    {
      stdio: ['ignore', out, out, 'ipc'],
      detached: true,
    },
  );
  closeSync(out);
  const server = {
    ...options,
    url: `redis://127.0.0.1:${options.port}`,
    pid: undefined,
    guardPid: child.pid,
  };
  child.on('message', (message) => (server.pid = message.pid));
  let over = false;
  server.exited = new Promise((resolve) => {
    child.once('error', resolve);
    child.once('exit', resolve);
  }).then(() => {
    over = true;
    if (server.pid && isAlive(server.pid)) signal(server.pid, 'SIGTERM'); // the guard itself was killed
  });
  server.ended = () => over;
  /** Tells the guard whom to wait for if this process should die suddenly. */
  server.outlive = (pids, seconds) => child.connected && child.send({ outlive: pids, seconds });
  server.stop = async () => {
    if (!over) child.kill('SIGTERM');
    await server.exited;
  };
  /** Lets this process end without waiting for Redis (the guard then ends Redis). */
  server.unref = () => {
    child.unref();
    child.channel?.unref();
  };
  return server;
}

async function isReady(server) {
  try {
    await redisCommand(server.url, ['PING'], 1000);
    // Make sure that it is ours which answers, not one that was on the port before.
    const info = await redisCommand(server.url, ['INFO', 'server'], 1000);
    return server.pid !== undefined && info.includes(`process_id:${server.pid}\r`);
  } catch (error) {
    if (error instanceof RedisReplyError && !error.message.startsWith('LOADING')) throw error;
    return false;
  }
}

function lastLines(log) {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-10).join('\n');
}

const lastLine = (log) =>
  lastLines(log)
    .split('\n')
    .at(-1)
    .replace(/^\d+:\w .*? [*#] /, '');
