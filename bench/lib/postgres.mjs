import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../scripts/lib/ports.mjs';
import { statFields } from '../../scripts/lib/processes.mjs';
import { onPath } from '../../scripts/lib/redis-finder.mjs';
import { pollUntil } from '../../scripts/lib/wait.mjs';
import { atEnd } from './ending.mjs';
import { cleanEnvironment } from './environment.mjs';

const DEBIAN = '/usr/lib/postgresql';
const GUARD = new URL('../../scripts/lib/redis-guard.mjs', import.meta.url).pathname;
const START_MS = 30_000;
const TICKS_PER_SECOND = 100; // of /proc/<pid>/stat, on every Linux

// As durable as a Redis without persistence, which is what the others run on, and as fast as that makes it.
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '256MB',
  max_connections: '200',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
};

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

/** A PostgreSQL cluster of our own in a temporary folder, on a free loopback port. */
export async function startPostgres(folder) {
  const user = otherUser();
  const dir = mkdtempSync(join(tmpdir(), 'drover-bench-postgres-'));
  atEnd(() => rmSync(dir, { recursive: true, force: true }));
  if (user) chownSync(dir, user.uid, user.gid);
  const data = join(dir, 'data');
  const options = { cwd: dir, env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] };
  const initdb = [
    ...['-D', data, '-U', 'bench', '--auth=trust'],
    ...['--encoding=UTF8', '--locale=C', '--no-sync'],
  ];
  execFileSync(...asUser(user, join(folder, 'initdb'), initdb), options);
  const port = await freePort();
  const settings = Object.entries({ ...SETTINGS, port }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const [file, args] = asUser(user, join(folder, 'postgres'), ['-D', data, ...settings]);
  const version = execFileSync(join(folder, 'postgres'), ['--version'], { encoding: 'utf8' });
  const store = new PostgresStore(port, /[\d.]+/.exec(version)[0]);
  await store.start(join(dir, 'guard.json'), file, args, dir);
  return store;
}

class PostgresStore {
  constructor(port, version) {
    this.base = `postgres://bench@127.0.0.1:${port}`;
    this.address = `${this.base}/bench`;
    const faster = ['fsync', 'synchronous_commit', 'full_page_writes']
      .map((name) => `${name}=off`)
      .join(', ');
    this.description = `PostgreSQL ${version} (${faster}, shared_buffers=${SETTINGS.shared_buffers})`;
  }

  /** The guard that Drover's commands use for Redis: the server ends when we are killed, too. */
  async start(lock, file, args, cwd) {
    const guard = spawn(process.execPath, [GUARD, lock, file, ...args], {
      cwd,
      env: cleanEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      detached: true,
    });
    let log = '';
    guard.stderr.on('data', (text) => (log += text));
    guard.on('message', ({ pid }) => (this.pid = pid));
    const exited = new Promise((resolve) => guard.once('exit', resolve));
    atEnd(async () => {
      await this.admin?.end();
      guard.kill('SIGTERM');
      await exited;
    });
    this.pg = (await import('pg')).default;
    const ready = await pollUntil(() => guard.exitCode !== null || this.#connect(), { timeoutMs: START_MS });
    if (!ready || guard.exitCode !== null) throw new Error(`PostgreSQL did not start: ${log}`);
  }

  async #connect() {
    const admin = new this.pg.Client({ connectionString: `${this.base}/postgres` });
    admin.on('error', () => {}); // it ends with the server
    try {
      await admin.connect();
      this.admin = admin;
      return this.pid !== undefined;
    } catch {
      return false;
    }
  }

  /** An empty database for the next run. */
  async reset() {
    await this.admin.query('drop database if exists bench with (force)');
    await this.admin.query('create database bench');
  }

  /** CPU time of all its processes, the ended ones included, in microseconds. */
  async cpu() {
    const family = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const ticks = family.reduce((sum, name) => {
      const fields = statFields(name);
      if (Number(name) === this.pid) return sum + total(fields, 11, 12, 13, 14);
      return fields && Number(fields[1]) === this.pid ? sum + total(fields, 11, 12) : sum;
    }, 0);
    return (ticks / TICKS_PER_SECOND) * 1e6;
  }
}

const total = (fields, ...places) => places.reduce((sum, place) => sum + Number(fields[place]), 0);
