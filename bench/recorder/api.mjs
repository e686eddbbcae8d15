import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { atEnd } from '../lib/ending.mjs';

const PROBE = fileURLToPath(new URL('probe.mjs', import.meta.url));
const KEY = 'a-key-of-this-benchmark-only';

/** The API as a process of its own. */
export class Api {
  /** @param settings of its environment */
  static async start(root, settings) {
    const child = spawn(
      process.execPath,
      [...execArgs(), '--import', PROBE, `${root}/dist/apps/api/src/main.js`],
      {
        env: { ...process.env, PORT: '0', DROVER_ADMIN_KEY: KEY, RATE_LIMIT_PER_MINUTE: '0', ...settings },
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      },
    );
    atEnd(() => child.kill('SIGKILL'));
    for await (const line of createInterface(child.stdout)) {
      const [, url] = /listening on (http:\/\/[^\s(]+)/.exec(line) ?? [];
      if (url === undefined) continue;
      child.stdout.resume();
      return new Api(child, url);
    }
    throw new Error('the API did not start');
  }

  constructor(child, url) {
    this.child = child;
    this.url = url;
  }

  async get(path) {
    const response = await fetch(this.url + path, { headers: { Authorization: `Bearer ${KEY}` } });
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return response.json();
  }

  /** Forgets what the event loop's delay was until now. */
  reset() {
    this.child.send('reset');
  }

  /** What probe.mjs tells. */
  async report() {
    const answer = once(this.child, 'message');
    this.child.send('report');
    return (await answer)[0];
  }

  async stop() {
    const exit = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exit;
  }
}

/** For profiles: DROVER_BENCH_NODE="--cpu-prof --cpu-prof-dir=/tmp/profile". */
const execArgs = () => (process.env.DROVER_BENCH_NODE ?? '').split(' ').filter(Boolean);
