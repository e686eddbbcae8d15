// Fetches the servers of other Debian releases beside the installed one, to run the tests on them:
//   node scripts/redis-servers.mjs
//   PATH="$PWD/.data/servers/valkey-8:$PATH" npx jest libs/queue
// Nothing is installed: apt checks the packages' signatures, and they are unpacked under .data/servers, each
// with the libraries it needs. Debian and amd64 only.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runMain } from './lib/main.mjs';
import { inRoot } from './lib/paths.mjs';

const LIBRARIES = [
  ...['libc6', 'libssl3t64', 'libstdc++6', 'libgcc-s1', 'libjemalloc2', 'liblzf1', 'libsystemd0'],
  ...['libatomic1', 'libcap2', 'zlib1g', 'libzstd1'],
];

const SERVERS = [
  {
    name: 'redis-8',
    suite: 'trixie',
    packages: ['redis-server', 'redis-tools', ...LIBRARIES],
    program: 'redis-server',
  },
  {
    name: 'valkey-8',
    suite: 'bookworm-backports',
    packages: ['valkey-server', 'valkey-tools'],
    program: 'valkey-server',
  },
];

/** apt with its own lists and cache under `dir`, of one suite only. */
function aptOf(suite, dir) {
  for (const part of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(dir, part), { recursive: true });
  const source = join(dir, 'sources.list');
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg';
  writeFileSync(source, `deb [signed-by=${keys}] http://deb.debian.org/debian ${suite} main\n`);
  const options = {
    'Dir::Etc::sourcelist': source,
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State::lists': join(dir, 'lists'),
    'Dir::Cache': join(dir, 'cache'),
    'APT::Sandbox::User': 'root',
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return (...args) => execFileSync('apt-get', [...flags, '-qq', ...args], { cwd: dir, stdio: 'inherit' });
}

/** A program of the server's folder, run with the libraries of its own release. */
function wrap(folder, root, name, program) {
  const libraries = `${root}/usr/lib/x86_64-linux-gnu`;
  const loader = `${root}/usr/lib64/ld-linux-x86-64.so.2`;
  const file = join(folder, name);
  writeFileSync(
    file,
    `#!/bin/sh\nif [ -x ${loader} ]; then exec ${loader} --library-path ${libraries} ${root}/usr/bin/${program} "$@"; fi\n` +
      `exec ${root}/usr/bin/${program} "$@"\n`,
  );
  chmodSync(file, 0o755);
}

function fetch({ name, suite, packages, program }) {
  const folder = inRoot('.data/servers', name);
  const root = join(folder, 'root');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  const apt = aptOf(suite, folder);
  apt('update');
  apt('download', ...packages);
  for (const file of readdirSync(folder).filter((entry) => entry.endsWith('.deb'))) {
    execFileSync('dpkg', ['-x', join(folder, file), root]);
    rmSync(join(folder, file));
  }
  rmSync(join(folder, 'lists'), { recursive: true });
  rmSync(join(folder, 'cache'), { recursive: true });
  wrap(folder, root, 'redis-server', program);
  wrap(folder, root, 'redis-cli', program.replace('server', 'cli'));
  const version = execFileSync(join(folder, 'redis-server'), ['--version'], { encoding: 'utf8' });
  console.log(`${name}: ${version.trim()}\n  ${folder}`);
}

await runMain(() => SERVERS.forEach(fetch));
