import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { inRoot, root } from '../../scripts/lib/paths.mjs';
import { peerNamed } from '../peers/index.mjs';

const require = createRequire(import.meta.url);

/** The machine and the versions that figures belong to; no names of hosts or users, no paths. */
export async function machineFacts({ peers, started, stores, load }) {
  const [cpu] = os.cpus();
  return {
    date: started.toISOString(),
    commit: commit(),
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    load: Math.round(load * 10) / 10,
    stores,
    peers: await Promise.all(peers.map(aboutPeer)),
  };
}

async function aboutPeer({ name, title, packages }) {
  const { settings } = await peerNamed(name);
  const versions = packages.length > 0 ? packages.map((id) => `${id} ${versionOf(id)}`) : [ourVersion()];
  return { name, title, versions, settings };
}

function ourVersion() {
  const { version } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
  return `Drover ${version} on bullmq ${versionOf('bullmq')}`;
}

function versionOf(id) {
  const folder = require.resolve.paths(id).map((path) => `${path}/${id}/package.json`);
  for (const file of folder) {
    try {
      return JSON.parse(readFileSync(file, 'utf8')).version;
    } catch {
      // not in this folder
    }
  }
  return 'unknown';
}

/** The commit that was measured, marked where files differ from it. */
function commit() {
  try {
    const git = (...args) =>
      execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const changed = git('status', '--porcelain', '--untracked-files=no').trim() !== '';
    return `${git('rev-parse', '--short', 'HEAD').trim()}${changed ? ' with changes' : ''}`;
  } catch {
    return 'unknown';
  }
}
