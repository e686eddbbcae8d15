import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { UserError } from './messages.mjs';
import { inRoot, root } from './paths.mjs';
import { signal } from './processes.mjs';
import { pollUntil, sleep } from './wait.mjs';

const leash = new URL('leash.mjs', import.meta.url).href;
const HEALTHY_SECONDS = 60;
const DRAIN_MS = 300;

/** One of our own programs (the API, the worker), run as a child with its lines marked. */
export class App {
  constructor({ name, healthUrl, env }) {
    this.name = name;
    this.healthUrl = healthUrl;
    const main = inRoot('dist', 'apps', name, 'src', 'main.js');
    // A process group of its own: Ctrl-C in the terminal is for us, who then ask it to end.
    this.child = spawn(process.execPath, ['--import', leash, main], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    this.pid = this.child.pid;
    this.ending = undefined; // how it ended, once it has
    this.exited = this.watchExit();
    /** Its last lines have been passed on (or something else holds its output open). */
    this.drained = this.exited.then(() => Promise.race([once(this.child, 'close'), sleep(DRAIN_MS)]));
    this.passOn(this.child.stdout, process.stdout);
    this.passOn(this.child.stderr, process.stderr);
  }

  watchExit() {
    return new Promise((resolve) => {
      const end = (how) => {
        this.ending ??= how;
        if (this.pid) signal(-this.pid, 'SIGKILL'); // what it started and has left behind
        resolve(how);
      };
      this.child.once('error', (error) => end(error.message));
      this.child.once('exit', (code, name) => end(name ? `signal ${name}` : `exit code ${code}`));
    });
  }

  passOn(from, to) {
    const mark = `[${this.name}] `;
    createInterface({ input: from }).on('line', (line) => {
      to.write(`${line.startsWith(mark) ? '' : mark}${line}\n`);
    });
  }

  /** Resolves when its health page says 200, or when it has ended; rejects when it takes too long. */
  async healthy(isStopping) {
    let last = 'no answer';
    const done = await pollUntil(
      async () => {
        if (this.ending || isStopping()) return true;
        last = await askHealth(this.healthUrl);
        return last === undefined;
      },
      { timeoutMs: HEALTHY_SECONDS * 1000, everyMs: 50 },
    );
    if (!done) {
      throw new UserError(
        `the ${this.name} was not healthy within ${HEALTHY_SECONDS} s: ${this.healthUrl}: ${last}`,
      );
    }
  }

  /** Asks it to end, and kills it if it has not after `graceMs`. */
  async stop(graceMs) {
    if (this.ending) return;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), graceMs);
    await this.exited;
    clearTimeout(timer);
  }

  /** Ends it and whatever it started in its process group, at once. */
  kill() {
    if (!this.ending && !signal(-this.pid, 'SIGKILL')) this.child.kill('SIGKILL');
  }
}

/** What is wrong with the health page, or undefined when it answers 200. */
async function askHealth(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
    const text = await response.text();
    return response.status === 200 ? undefined : `${response.status} ${text.slice(0, 300)}`;
  } catch (error) {
    return error.cause?.message ?? error.message;
  }
}
