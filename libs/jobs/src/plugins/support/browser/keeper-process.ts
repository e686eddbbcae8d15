import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BrowserLaunchError } from './errors.js';
import type { KeeperMessage, KeeperOptions } from './keeper/messages.js';

const END_MS = 5_000;

/** The keeper runs compiled; under Jest, which compiles in memory, the build's file is taken. */
export function keeperProgram(): string {
  const beside = fileURLToPath(new URL('./keeper/main.js', import.meta.url));
  return existsSync(beside) ? beside : beside.replace(/([\\/])libs\1/, '$1dist$1libs$1');
}

/** The worker's end of a keeper, which lives as long as the channel to it. */
export class KeeperProcess {
  /** Resolves when the keeper has ended and everything it said has been heard. */
  readonly ended: Promise<void>;
  private readonly child: ChildProcess;
  private browserPid: number | undefined;

  /** @param onMessage told what the keeper says after it is ready. */
  constructor(
    private readonly options: KeeperOptions,
    private readonly onMessage: (message: KeeperMessage) => void,
  ) {
    const { folder } = options;
    this.child = spawn(process.execPath, [keeperProgram(), JSON.stringify(options)], {
      // Its home and working directory are the folder that is removed: nothing is written elsewhere. The worker's
      // environment holds secrets, of which a browser has no need.
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        TMPDIR: folder,
        XDG_CONFIG_HOME: folder,
        XDG_CACHE_HOME: folder,
      },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      detached: true,
    });
    const gone = (event: 'exit' | 'disconnect') =>
      new Promise<void>((resolve) => this.child.once(event, () => resolve()));
    // A program that cannot be started has 'error' only.
    const failed = new Promise<void>((resolve) => this.child.once('error', () => resolve()));
    this.ended = Promise.race([Promise.all([gone('exit'), gone('disconnect')]), failed]).then(() =>
      this.killBrowser(),
    );
  }

  /** Where the browser is to be reached. @throws {BrowserLaunchError} */
  ready(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.child.on('message', (message: KeeperMessage) => {
        if (message.kind === 'ready') {
          this.browserPid = message.pid;
          resolve(message.endpoint);
        } else if (message.kind === 'failed') reject(new BrowserLaunchError(reasonOf(message.reason)));
        else this.onMessage(message);
      });
      void this.ended.then(() => reject(new BrowserLaunchError('its keeper ended')));
    });
  }

  /** Ends browser and keeper, and waits until they have. */
  async end(): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    const late = setTimeout(() => this.child.kill('SIGKILL'), END_MS);
    await this.ended;
    clearTimeout(late);
  }

  get folder(): string {
    return this.options.folder;
  }

  /** For a keeper that was killed itself: then nobody else ends the browser, should it hang. */
  private killBrowser(): void {
    if (this.browserPid === undefined) return;
    try {
      process.kill(-this.browserPid, 'SIGKILL');
    } catch {
      // It has ended, as it should.
    }
  }
}

/** Playwright adds its call log, with all switches and the browser's output: the first lines say it. */
function reasonOf(text: string): string {
  const sandbox = /no usable sandbox|setuid sandbox|--no-sandbox/i.test(text);
  const hint = sandbox ? ' (its sandbox cannot be had here: see BROWSER_SANDBOX)' : '';
  const [first = ''] = text.split('\n');
  return `${first.slice(0, 300)}${hint}`;
}
