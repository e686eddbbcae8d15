import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findInstaller, install } from './installer.mjs';
import { report, say } from './messages.mjs';
import { freePort } from './ports.mjs';
import { signal } from './processes.mjs';
import { onPath } from './redis-finder.mjs';
import { pollUntil } from './wait.mjs';

const DEBIAN = '/usr/lib/postgresql';
const GUARD = new URL('redis-guard.mjs', import.meta.url).pathname;
const START_MS = 30_000;
const WAYS = 'install PostgreSQL (Debian: sudo apt-get install postgresql)';

/** Folder of the PostgreSQL programs, or undefined where there are none. */
export function findPostgres() {
  const config = onPath('pg_config');
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...(config ? [execFileSync(config, ['--bindir'], { encoding: 'utf8' }).trim()] : []),
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
    ...(onPath('initdb') ? [join(onPath('initdb'), '..')] : []),
  ];
  return folders.find((folder) =>
    ['initdb', 'postgres'].every((program) => existsSync(join(folder, program))),
  );
}

/**
 * Installs PostgreSQL on Debian where that can be done and none is there. Only tests need it: where it
 * cannot be had, it says so, and they run on the embedded database alone.
 */
export async function findOrInstallPostgres() {
  if (findPostgres()) return;
  const installer = findInstaller();
  if (installer?.name === 'apt') {
    await install(installer, { what: 'postgresql', program: 'PostgreSQL', ways: WAYS }).catch(report);
  }
  if (!findPostgres()) say(`PostgreSQL was not found: the tests that need it are skipped (${WAYS})`);
}

/** Who runs it: PostgreSQL refuses to be root. Undefined where we are somebody else anyway. */
function otherUser() {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const [, , uid, gid] = ['postgres', 'nobody']
    .map((name) => users.find(([user]) => user === name))
    .find(Boolean);
  return { uid: Number(uid), gid: Number(gid) };
}

/** The command line that runs a program as that user; it becomes the program, so the process id stays. */
function asUser(user, file, args) {
  if (!user) return [file, args];
  return ['setpriv', [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', file, ...args]];
}

/**
 * A PostgreSQL of our own with a new cluster, on a free loopback port, that trusts whoever connects. It ends with
 * this process, also when that is killed.
 *
 * @param options.folder of its programs: {@link findPostgres}
 * @param options.dir an existing empty folder, where its data goes
 * @param options.user name of its superuser
 * @param options.settings of postgresql.conf
 * @param options.env environment of the server
 */
export async function startPostgresServer({ folder, dir, user: name, settings, env = process.env }) {
  const user = otherUser();
  if (user) chownSync(dir, user.uid, user.gid);
  const data = join(dir, 'data');
  const options = { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] };
  const initdb = [
    ...['-D', data, '-U', name, '--auth=trust'],
    ...['--encoding=UTF8', '--locale=C', '--no-sync'],
  ];
  execFileSync(...asUser(user, join(folder, 'initdb'), initdb), options);
  const port = await freePort();
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings, port };
  const flags = Object.entries(all).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  const [file, args] = asUser(user, join(folder, 'postgres'), ['-D', data, ...flags]);
  const version = execFileSync(join(folder, 'postgres'), ['--version'], { encoding: 'utf8' });
  const server = launch(join(dir, 'guard.json'), [file, ...args], { cwd: dir, env });
  const base = `postgres://${name}@127.0.0.1:${port}`;
  Object.assign(server, { url: base, version: /[\d.]+/.exec(version)[0] });
  const { default: pg } = await import('pg');
  const ready = await pollUntil(() => server.ended() || answers(pg, `${base}/postgres`, server), {
    timeoutMs: START_MS,
  });
  if (ready && !server.ended()) return server;
  await server.stop();
  throw new Error(`PostgreSQL did not start: ${server.log()}`);
}

/** Under the guard that Drover's commands use for Redis: the server ends when we are killed, too. */
function launch(lock, command, { cwd, env }) {
  const guard = spawn(process.execPath, [GUARD, lock, ...command], {
    cwd,
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: true,
  });
  let log = '';
  const server = { pid: undefined, log: () => log, ended: () => guard.exitCode !== null };
  guard.stderr.on('data', (text) => (log = `${log}${text}`.slice(-10_000)));
  guard.on('message', ({ pid }) => (server.pid = pid));
  const exited = new Promise((resolve) => guard.once('exit', resolve));
  server.stop = async () => {
    // SIGINT does not wait for clients to leave, SIGTERM (which the guard would send) does.
    if (!server.pid || !signal(server.pid, 'SIGINT')) guard.kill('SIGTERM');
    await exited;
  };
  /** Lets this process end without waiting for PostgreSQL (the guard then ends it). */
  server.unref = () => {
    guard.unref();
    guard.channel?.unref();
    guard.stderr.unref();
  };
  return server;
}

async function answers(pg, connectionString, server) {
  const client = new pg.Client({ connectionString });
  client.on('error', () => {}); // it may end with the server
  try {
    await client.connect();
    return server.pid !== undefined;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
