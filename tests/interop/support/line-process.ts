import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A child process that speaks in lines. It does not outlive this process. */
export class LineProcess {
  /** Every line of its standard output so far. */
  readonly lines: string[] = [];
  /** Its standard error so far. */
  errors = '';
  /** Settles when the process has ended and all its output is here. */
  readonly exited: Promise<Exit>;
  private readonly child: ChildProcessWithoutNullStreams;

  constructor(file: string, args: readonly string[], onLine?: (line: string) => void) {
    const child = spawn(file, args);
    this.child = child;
    const killWithUs = () => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    // A process that was killed cannot be written to; its exit tells that already.
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout, crlfDelay: Infinity }).on('line', (line) => {
      this.lines.push(line);
      onLine?.(line);
    });
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        process.removeListener('exit', killWithUs);
        resolve({ code, signal });
      });
    });
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  send(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  /** Closes its standard input. */
  end(): void {
    this.child.stdin.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}
