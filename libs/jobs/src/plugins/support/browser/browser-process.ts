import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import { BrowserCrashedError, BrowserLaunchError, BrowserMemoryError } from './errors.js';
import { makeFolder } from './folders.js';
import { KeeperProcess } from './keeper-process.js';
import type { BrowserSettings } from './settings.js';

const LAUNCH_MS = 30_000;
/** Word of a kill and the crash it causes come by different ways. */
const WORD_MS = 1_000;
const MB = 1024 * 1024;

/** One running browser: a keeper, the Chromium below it, and the connection to it. */
export class BrowserProcess {
  /** Jobs that have used it. */
  used = 0;
  /** Contexts that are open. */
  open = 0;
  private killedForMemory = false;
  private pagesKilled = 0;
  private isEnding = false;
  private keeper!: KeeperProcess;
  private browser!: Browser;
  private ended!: Promise<Error>;

  private constructor(private readonly settings: BrowserSettings) {}

  /** @throws {BrowserLaunchError} */
  static async start(executable: string, settings: BrowserSettings): Promise<BrowserProcess> {
    const one = new BrowserProcess(settings);
    const folder = await makeFolder(settings.BROWSER_TEMP_DIR);
    one.keeper = new KeeperProcess(
      {
        executable,
        folder,
        sandbox: hasSandbox(settings),
        launchTimeoutMs: LAUNCH_MS,
        pageMemory: settings.BROWSER_PAGE_MEMORY_MB * MB,
        totalMemory: settings.BROWSER_MEMORY_MB * MB,
      },
      ({ kind }) => {
        if (kind === 'page-killed') one.pagesKilled += 1;
        if (kind === 'killed') one.killedForMemory = true;
      },
    );
    try {
      const endpoint = await one.keeper.ready();
      // Loaded with the first job: a worker without such jobs does not pay for it.
      const { chromium } = await import('playwright-core');
      one.browser = await chromium.connect(endpoint, { timeout: LAUNCH_MS });
      one.ended = new Promise((resolve) => {
        one.browser.on('disconnected', () => resolve(one.whyEnded(one.open)));
      });
      return one;
    } catch (error) {
      await one.end();
      if (error instanceof BrowserLaunchError) throw error;
      throw new BrowserLaunchError(String(error).slice(0, 300));
    }
  }

  /** Whether new jobs can use it. */
  get isUsable(): boolean {
    return this.isConnected && !this.isEnding;
  }

  get isConnected(): boolean {
    return this.browser.isConnected();
  }

  /** Where files of this browser may lie for a while; removed with it. */
  get folder(): string {
    return this.keeper.folder;
  }

  newContext(options: BrowserContextOptions): Promise<BrowserContext> {
    return this.browser.newContext(options);
  }

  /** Resolves when the browser is gone, with the error for whoever was using it. */
  gone(): Promise<Error> {
    return this.ended;
  }

  /** Why a page has crashed. */
  async whyPageCrashed(): Promise<Error> {
    const until = Date.now() + WORD_MS;
    while (this.pagesKilled === 0 && Date.now() < until) await sleep(20);
    if (this.pagesKilled === 0) return new BrowserCrashedError('the page crashed');
    this.pagesKilled -= 1;
    return new BrowserMemoryError('the page', this.settings.BROWSER_PAGE_MEMORY_MB, 'BROWSER_PAGE_MEMORY_MB');
  }

  /** Kills everything of it and waits until that is done. */
  async end(): Promise<void> {
    this.isEnding = true;
    await this.keeper.end();
    // The keeper has done it, unless it was killed. What cannot be removed now is removed as a leftover.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
  }

  private async whyEnded(users: number): Promise<Error> {
    await Promise.race([this.keeper.ended, sleep(WORD_MS, undefined, { ref: false })]);
    if (!this.killedForMemory) return new BrowserCrashedError('the browser ended in the middle of the job');
    const limit = this.settings.BROWSER_MEMORY_MB;
    if (users <= 1) return new BrowserMemoryError('the browser', limit, 'BROWSER_MEMORY_MB');
    return new BrowserCrashedError(
      `the browser was killed: its pages together had more than ${limit} MB of memory`,
    );
  }
}

function hasSandbox({ BROWSER_SANDBOX }: BrowserSettings): boolean {
  if (BROWSER_SANDBOX !== 'auto') return BROWSER_SANDBOX === 'on';
  return process.getuid?.() !== 0;
}
