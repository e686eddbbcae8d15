import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../scripts/lib/messages.mjs';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { atEnd } from '../lib/ending.mjs';

const READY_MS = 60_000;
const ADDRESS = /http:\/\/[\w.:[\]]+:\d+/;

/** Drover's API and one worker, as `npm start` runs them, with all they do beside: access, history, audit. */
export async function startDrover(redis) {
  const folder = mkdtempSync(join(tmpdir(), 'drover-bench-api-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const key = randomBytes(32).toString('base64url');
  const env = {
    REDIS_URL: redis.address,
    DATA_DIR: folder,
    DROVER_ADMIN_KEY: key,
    RATE_LIMIT_PER_MINUTE: '0',
    WORKER_CONCURRENCY: '100',
  };
  const api = await start(inRoot('dist/apps/api/src/main.js'), { ...env, PORT: '0' });
  await start(inRoot('dist/apps/worker/src/main.js'), { ...env, WORKER_PORT: '0' });
  return {
    title: 'Drover',
    create: { method: 'POST', path: '/api/jobs', body: (n) => ({ type: 'example.echo', payload: { n } }) },
    show: (id) => ({ method: 'GET', path: `/api/jobs/${id}` }),
    headers: { authorization: `Bearer ${key}` },
    url: api.address,
    pid: api.pid,
    stop: api.stop,
  };
}

/** What a team writes for itself: Express before a queue of BullMQ, with its own store and a worker beside. */
export async function startPeer(redis) {
  const env = { REDIS_URL: redis.address };
  const server = await start(inRoot('bench/api/peer-server.mjs'), env);
  await start(inRoot('bench/api/peer-worker.mjs'), env);
  return {
    title: 'Express + BullMQ',
    create: { method: 'POST', path: '/jobs', body: (n) => ({ type: 'example.echo', payload: { n } }) },
    show: (id) => ({ method: 'GET', path: `/jobs/${id}` }),
    headers: {},
    url: server.address,
    pid: server.pid,
    stop: server.stop,
  };
}

/** Starts a program and waits for the line in which it tells its address. */
async function start(file, env) {
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = atEnd(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  let output = '';
  const address = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new UserError(`${file} does not start:\n${output}`)), READY_MS);
    const read = (chunk) => {
      output += chunk;
      const found = ADDRESS.exec(output);
      if (found) resolve(found[0]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code) => reject(new UserError(`${file} ended with ${code}:\n${output}`)));
    child.once('exit', () => clearTimeout(timer));
    child.stdout.once('data', () => clearTimeout(timer));
  });
  return { address, stop, pid: child.pid };
}
