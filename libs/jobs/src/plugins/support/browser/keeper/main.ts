/**
 * The keeper: a small process between a worker and its browser. It starts the browser, tells the worker
 * where, watches its memory, and ends it, with everything it started and wrote, when the worker closes the
 * channel between them or dies, be it by SIGKILL. Should the keeper itself be killed, Chromium ends by
 * itself, because the pipe it takes orders from is closed.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserServer } from 'playwright-core';
import { FLAGS, NOWHERE } from '../flags.js';
import { HEARTBEAT_FILE, type KeeperMessage, type KeeperOptions } from './messages.js';
import { processesBelow } from './processes.js';

const HEARTBEAT_MS = 30_000;
const MEMORY_MS = 500;

const options = JSON.parse(process.argv[2] ?? '{}') as KeeperOptions;
let server: BrowserServer | undefined;

const say = (message: KeeperMessage, then?: () => void): void => {
  if (process.connected) process.send?.(message, () => then?.());
  else then?.();
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
};

/** Ends every process below this one, and then this one. Nothing in here waits: the end must not hang. */
function end(code: number): never {
  for (const { pid } of processesBelow(process.pid)) if (pid !== process.pid) kill(pid);
  const leader = server?.process().pid;
  if (leader !== undefined) kill(-leader);
  rmSync(options.folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(code);
}

function beat(): void {
  writeFileSync(join(options.folder, HEARTBEAT_FILE), '');
}

function watchMemory(pid: number): void {
  const processes = processesBelow(pid);
  const total = processes.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > options.totalMemory) return say({ kind: 'killed' }, () => end(1));
  for (const one of processes) {
    // The worker hears of it first, so that it knows why the page is gone.
    if (one.isRenderer && one.bytes > options.pageMemory) say({ kind: 'page-killed' }, () => kill(one.pid));
  }
}

async function main(): Promise<void> {
  process.on('disconnect', () => end(0));
  process.on('uncaughtException', () => end(1));
  // A worker that died while this process was starting is not told of any more.
  if (!process.connected) end(0);
  // A terminal's Ctrl-C goes to everybody; the worker first ends its jobs, which need the browser.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  beat();
  setInterval(beat, HEARTBEAT_MS);
  const { chromium } = await import('playwright-core');
  server = await chromium.launchServer({
    executablePath: options.executable,
    chromiumSandbox: options.sandbox,
    args: [...FLAGS],
    proxy: { server: NOWHERE },
    host: '127.0.0.1',
    timeout: options.launchTimeoutMs,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
  server.on('close', () => end(1));
  const pid = server.process().pid ?? 0;
  say({ kind: 'ready', endpoint: server.wsEndpoint(), pid });
  setInterval(() => watchMemory(pid), MEMORY_MS);
}

main().catch((error: unknown) => say({ kind: 'failed', reason: String(error) }, () => end(1)));
