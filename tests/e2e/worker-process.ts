import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { waitFor } from '../support/wait.js';

const MAIN = join(process.cwd(), 'dist/apps/worker/src/main.js');

export interface Health {
  code: number;
  body: Record<string, unknown>;
}

/** A worker run as users run it: a process of its own, from the build. */
export class WorkerProcess {
  /** Everything it wrote, by line. */
  readonly lines: string[] = [];
  readonly exited: Promise<number | NodeJS.Signals | null>;
  private readonly child: ChildProcess;

  /** @param directory where it is started; default: the project's folder. */
  constructor(env: Record<string, string>, directory?: string) {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run npm run build first`);
    const { PATH = '', HOME = '' } = process.env;
    this.child = spawn(process.execPath, [MAIN], {
      cwd: directory,
      env: { PATH, HOME, WORKER_PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const streams = [this.child.stdout, this.child.stderr].flatMap((stream) => stream ?? []);
    const read = Promise.all(streams.map((stream) => this.collect(stream)));
    // Not 'close': it does not come after a disconnect.
    const ended = once(this.child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    this.exited = ended.then(async ([code, signal]) => {
      await read;
      return code ?? signal;
    });
  }

  private async collect(stream: Readable): Promise<void> {
    for await (const line of createInterface({ input: stream })) this.lines.push(line);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Address of its health page; waits until it is up. */
  async address(): Promise<string> {
    return waitFor(() => /(http:\/\/\S+)\/health/.exec(this.text)?.[1], {
      what: 'the worker to listen',
      timeoutMs: 30_000,
    });
  }

  async health(path = '/health'): Promise<Health> {
    const response = await fetch(`${await this.address()}${path}`);
    return { code: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  /** Resolves when it is connected and consuming. */
  async ready(): Promise<this> {
    await waitFor(async () => (await this.health()).code === 200, {
      what: 'the worker to be healthy',
      timeoutMs: 30_000,
    });
    return this;
  }

  get text(): string {
    return this.lines.join('\n');
  }

  /** Lines that contain `text`. */
  linesWith(text: string): string[] {
    return this.lines.filter((line) => line.includes(text));
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ends the channel its starter holds, as when the starter dies. */
  disconnect(): void {
    this.child.disconnect();
  }

  /** kill -9, if it is still there. */
  async kill(): Promise<void> {
    if (this.running) this.child.kill('SIGKILL');
    await this.exited;
  }

  /** Ends it in order. @returns its exit code. */
  async stop(): Promise<number | NodeJS.Signals | null> {
    if (this.running) this.child.kill('SIGTERM');
    return this.exited;
  }
}

/** A key prefix nobody else uses in this Redis. */
export function freshPrefix(): string {
  return `w${randomBytes(5).toString('hex')}`;
}
