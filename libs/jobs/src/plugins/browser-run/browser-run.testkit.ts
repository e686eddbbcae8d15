import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { runHandler, type HandlerRun, type RunHandlerOptions } from '#libs/jobs/testing';
import { BrowserRunHandler } from './browser-run.handler.js';
import { BrowserPool } from '../support/browser/index.js';
import { readBrowserSettings } from '../support/browser/settings.js';
import type { BrowserRunResult } from './payload.js';

const chromium = process.env['TEST_CHROMIUM'] ?? '';

/** A suite that needs a browser; where there is none, its tests are reported as skipped. */
export const describeWithChromium = chromium ? describe : describe['skip'];

/** A pool of browsers for a test file: jobs share it, as in a worker. */
export class Stand {
  readonly folder = mkdtempSync(join(tmpdir(), 'drover-browser-spec-'));
  readonly pool: BrowserPool;

  constructor(settings: Record<string, string> = {}) {
    const all = { BROWSER_PATH: chromium, BROWSER_TEMP_DIR: this.folder, ...settings };
    this.pool = new BrowserPool(readBrowserSettings(all));
  }

  /** Runs `browser.run`. */
  async run(
    steps: readonly object[],
    payload: object = {},
    options: RunHandlerOptions = {},
  ): Promise<Omit<HandlerRun, 'result'> & { result: BrowserRunResult }> {
    const { pool } = this;
    // Not the pool itself, which would be closed at the end of the first run.
    const useValue = {
      settings: pool.settings,
      isReady: () => pool.isReady(),
      open: pool.open.bind(pool),
    };
    const run = await runHandler(BrowserRunHandler, {
      providers: [{ provide: BrowserPool, useValue }],
      payload: { steps, stepTimeout: 10_000, ...payload },
      ...options,
    });
    return run as typeof run & { result: BrowserRunResult };
  }

  async close(): Promise<void> {
    await this.pool.onModuleDestroy();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Content of a job's file. */
export async function fileOf(run: Pick<HandlerRun, 'artifacts'>, name: string): Promise<Buffer> {
  return buffer((await run.artifacts.open({ jobId: '1', name })).stream);
}

/** A web server on loopback, at any port. */
export class Site {
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  private server!: Server;

  /** @param pages answers by path: HTML, or what answers. */
  constructor(private readonly pages: Record<string, string | RequestListener>) {}

  /** @param address where it listens; any of 127.0.0.0/8 is this machine. */
  async start(address = '127.0.0.1'): Promise<this> {
    this.server = createServer((request, response) => {
      const path = (request.url ?? '/').split('?')[0] ?? '/';
      this.asked.push(path);
      const page = this.pages[path];
      if (typeof page === 'function') return void page(request, response);
      response.writeHead(page === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(page ?? 'not here');
    });
    this.server.on('upgrade', (request, socket) => {
      this.asked.push(request.url ?? '');
      socket.destroy();
    });
    await new Promise<void>((resolve) => this.server.listen(0, address, resolve));
    return this;
  }

  get host(): string {
    const { address, port } = this.server.address() as AddressInfo;
    return `${address}:${port}`;
  }

  url(path: string): string {
    return `http://${this.host}${path}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
