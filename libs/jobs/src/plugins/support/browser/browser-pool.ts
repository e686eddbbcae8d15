import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { BrowserProcess } from './browser-process.js';
import { BrowserSession, type SessionOptions } from './browser-session.js';
import { BrowserLaunchError, BrowserMissingError } from './errors.js';
import { findBrowser } from './find-browser.js';
import { removeLeftovers } from './folders.js';
import { BROWSER_SETTINGS, type BrowserSettings } from './settings.js';
import { Slots } from './slots.js';

/**
 * The browsers of this process: one that new jobs use, and at most as many more as have jobs to finish that
 * began before theirs was replaced. A browser is started with the first job, replaced after
 * `BROWSER_RECYCLE_JOBS` jobs or when it has ended, and closed when nothing has used it for a while.
 */
@Injectable()
export class BrowserPool implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('BrowserPool');
  private readonly slots: Slots;
  private readonly all = new Set<Promise<BrowserProcess>>();
  private current: Promise<BrowserProcess> | undefined;
  private idle: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(@Inject(BROWSER_SETTINGS) readonly settings: BrowserSettings) {
    this.slots = new Slots(settings.BROWSER_CONTEXTS);
  }

  onModuleInit(): void {
    if (!this.isReady())
      this.logger.warn(
        `${new BrowserMissingError(this.settings.BROWSER_PATH).message}; jobs of browser.run wait`,
      );
  }

  /** Whether there is a browser on this machine. Looked for each time, so that installing one is enough. */
  isReady(): boolean {
    return findBrowser(this.settings.BROWSER_PATH) !== undefined;
  }

  /**
   * Opens a fresh context with one page, as soon as one of the `BROWSER_CONTEXTS` places is free. The caller
   * must close the session.
   *
   * @throws {BrowserMissingError} {@link BrowserLaunchError}, and the signal's reason when it fires.
   */
  async open(options: SessionOptions): Promise<BrowserSession> {
    const giveBack = await this.slots.take(options.signal);
    let browser: BrowserProcess;
    try {
      browser = await this.browser();
    } catch (error) {
      giveBack();
      throw error;
    }
    browser.open += 1;
    browser.used += 1;
    return new BrowserSession(browser, options, () => {
      browser.open -= 1;
      giveBack();
      this.afterUse(browser);
    }).open();
  }

  /** Ends all browsers, also under running jobs. */
  async onModuleDestroy(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.idle);
    await Promise.all(
      [...this.all].map((one) => one.then((browser) => browser.end()).catch(() => undefined)),
    );
  }

  private async browser(): Promise<BrowserProcess> {
    clearTimeout(this.idle);
    const asked = this.current;
    const running = await asked?.catch(() => undefined);
    if (running?.isUsable && running.used < this.settings.BROWSER_RECYCLE_JOBS) return running;
    // Another job may have begun to replace it while this one looked.
    if (this.current === asked) this.current = this.start();
    return this.current ?? this.browser();
  }

  private start(): Promise<BrowserProcess> {
    if (this.isClosed) return Promise.reject(new BrowserLaunchError('the worker is stopping'));
    const executable = findBrowser(this.settings.BROWSER_PATH);
    if (executable === undefined) return Promise.reject(new BrowserMissingError(this.settings.BROWSER_PATH));
    void removeLeftovers(this.settings.BROWSER_TEMP_DIR);
    const starting = BrowserProcess.start(executable, this.settings);
    this.all.add(starting);
    const forget = () => this.all.delete(starting);
    starting.then(
      (browser) =>
        browser
          .gone()
          .then(() => browser.end())
          .then(forget),
      forget,
    );
    return starting;
  }

  private afterUse(browser: BrowserProcess): void {
    if (browser.open > 0) return;
    if (browser.used >= this.settings.BROWSER_RECYCLE_JOBS) return void browser.end();
    clearTimeout(this.idle);
    this.idle = setTimeout(
      () => browser.open === 0 && void browser.end(),
      this.settings.BROWSER_IDLE_SECONDS * 1000,
    );
    this.idle.unref();
  }
}
