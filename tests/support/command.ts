import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from './wait.js';

/** Settings that a test must not inherit from a developer's `.env`: empty counts as not set. */
const NOT_SET = Object.fromEntries(
  [...readFileSync(join(process.cwd(), '.env.example'), 'utf8').matchAll(/^# ([A-Z_]+)=/gm)].map(
    ([, name]) => [name!, ''],
  ),
);

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** One of the project's commands, run as a user would: its lines and how it ended. */
export class Command {
  readonly exited: Promise<Ended>;
  private readonly child: ChildProcess;
  private text = '';
  private ended: Ended | undefined;

  /**
   * @param line the program and its arguments
   * @param settings what is set for it; nothing else of Drover's settings is
   */
  constructor([file, ...args]: readonly [string, ...string[]], settings: Record<string, string>) {
    this.child = spawn(file, args, {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...NOT_SET, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.text += chunk));
    }
    this.exited = new Promise((resolve) => {
      this.child.once('close', (code, signal) => resolve((this.ended = { code, signal })));
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  get output(): string {
    return this.text;
  }

  /** What it printed, without empty lines. */
  get lines(): string[] {
    return this.text.split('\n').filter((line) => line.trim() !== '');
  }

  /** Waits until its output has this in it; fails when it ends without. */
  async prints(pattern: RegExp, timeoutMs = 60_000): Promise<RegExpExecArray> {
    const found = () => pattern.exec(this.text);
    const over = await waitFor(() => found() ?? this.ended, { timeoutMs, what: `${pattern} printed` });
    const match = found();
    if (match) return match;
    throw new Error(`ended (${JSON.stringify(over)}) without printing ${pattern}:\n${this.text}`);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ends it in an orderly way if it still runs, for `afterEach`. */
  async cleanUp(): Promise<void> {
    if (!this.ended) this.signal('SIGTERM');
    await this.exited;
  }
}

/**
 * Ids of all other processes that run at the moment and have `text` in their environment, their
 * arguments or their working directory (redis-server overwrites the first two).
 */
export function processesWith(text: string): number[] {
  const all = existsSync('/proc/self/environ') ? processesByProc() : processesByPs();
  return all.filter(([pid, about]) => pid !== process.pid && about.includes(text)).map(([pid]) => pid);
}

function processesByProc(): [number, string][] {
  const orNothing = (read: () => string) => {
    try {
      return read();
    } catch {
      return ''; // it has ended since, or is another user's
    }
  };
  const about = (folder: string) =>
    [
      orNothing(() => readFileSync(`${folder}/environ`, 'utf8')),
      orNothing(() => readFileSync(`${folder}/cmdline`, 'utf8')),
      orNothing(() => readlinkSync(`${folder}/cwd`)),
    ].join('\0');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => [Number(pid), about(`/proc/${pid}`)]);
}

function processesByPs(): [number, string][] {
  const lines = execFileSync('ps', ['axeww', '-o', 'pid=,command='], { encoding: 'utf8' }).split('\n');
  return lines.map((line) => [Number.parseInt(line, 10), line]);
}
