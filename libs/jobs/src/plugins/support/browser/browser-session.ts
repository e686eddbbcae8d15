import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { Destinations } from '../destinations.js';
import { HostRefusedError } from './errors.js';
import type { BrowserProcess } from './browser-process.js';
import { ForwardProxy } from './forward-proxy.js';

/** How long a context may take to close before its whole browser is ended. */
const CLOSE_MS = 5_000;
/** How long the reason of a crash may take to be known. */
const WORD_MS = 2_000;
/** Windows and dialogs that are told of, of a page that opens ever more: they must not push all else out of the log. */
const MAX_NOTICES = 10;
/** Refused hosts that are remembered, of a page that asks for ever more. */
const MAX_REFUSED = 100;

/** What a session is opened with. */
export interface SessionOptions {
  /** Aborting it closes the session at once. */
  readonly signal: AbortSignal;
  /** Where its pages may go; undefined: nowhere, they have no network at all. */
  readonly destinations: Destinations | undefined;
  /** How its pages look to others. */
  readonly context?: Pick<
    BrowserContextOptions,
    | 'viewport'
    | 'locale'
    | 'timezoneId'
    | 'userAgent'
    | 'extraHTTPHeaders'
    | 'javaScriptEnabled'
    | 'colorScheme'
  >;
  /** Told once for each host that was refused, and of the first windows and dialogs that were closed. */
  readonly onNotice?: (text: string) => void;
}

/** A fresh browser context with one page, for one job. */
export class BrowserSession {
  /** Hosts that were refused, with the reason. */
  readonly refused = new Map<string, string>();
  page!: Page;
  context: BrowserContext | undefined;
  private readonly fault: Promise<never>;
  private fail!: (error: Error) => void;
  private notices = 0;
  private proxy: ForwardProxy | undefined;
  private opening: Promise<void> = Promise.resolve();
  private closing: Promise<void> | undefined;
  private readonly onAbort = () => {
    this.fail(this.options.signal.reason as Error);
    void this.close();
  };

  /** @param onClosed called once, when nothing of it is left. */
  constructor(
    private readonly browser: BrowserProcess,
    private readonly options: SessionOptions,
    private readonly onClosed: () => void,
  ) {
    this.fault = new Promise((_, reject) => (this.fail = reject));
    // Nobody may be waiting for it when it comes.
    this.fault.catch(() => undefined);
  }

  /** Opens context and page; closes itself when that fails. */
  async open(): Promise<this> {
    const { signal } = this.options;
    signal.addEventListener('abort', this.onAbort, { once: true });
    void this.browser.gone().then((error) => this.fail(error));
    try {
      signal.throwIfAborted();
      this.opening = this.openPage();
      await this.during(() => this.opening);
    } catch (error) {
      await this.close();
      throw error;
    }
    this.page.on('crash', () => void this.browser.whyPageCrashed().then((error) => this.fail(error)));
    this.context?.on('page', (other) => {
      this.notice('a window that the page opened was closed');
      void other.close().catch(() => undefined);
    });
    this.page.on('dialog', (dialog) => {
      const leaves = dialog.type() === 'beforeunload';
      if (!leaves)
        this.notice(`a dialog (${dialog.type()}) was dismissed: ${dialog.message().slice(0, 200)}`);
      void (leaves ? dialog.accept() : dialog.dismiss()).catch(() => undefined);
    });
    return this;
  }

  /** Does something with the page, and fails at once when the page crashes, the browser ends, or the signal fires. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    return Promise.race([this.fault, this.settled(work)]);
  }

  /** The error for a page that could not be reached because its host is refused. */
  refusal(url: string): HostRefusedError | undefined {
    if (!URL.canParse(url)) return undefined;
    const { hostname, port, protocol } = new URL(url);
    const host = `${hostname.replace(/^\[(.*)\]$/, '$1')}:${port || (protocol === 'https:' ? 443 : 80)}`;
    const reason = this.refused.get(host);
    return reason === undefined ? undefined : new HostRefusedError(host, reason);
  }

  /** Where files may lie for a while. */
  get folder(): string {
    return this.browser.folder;
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async openPage(): Promise<void> {
    const { destinations, context } = this.options;
    if (destinations) {
      this.proxy = await ForwardProxy.start(destinations, ({ host, port }, reason) =>
        this.onRefused(`${host}:${port}`, reason),
      );
    }
    this.context = await this.browser.newContext({
      ...context,
      acceptDownloads: false,
      serviceWorkers: 'block',
      // Without a proxy of its own a context has the browser's, where nothing listens.
      ...(this.proxy ? { proxy: { server: this.proxy.url } } : { offline: true }),
    });
    await this.context.grantPermissions([]);
    this.page = await this.context.newPage();
  }

  /** A crash fails whatever Playwright is doing; the crash is the better message, and it may come a moment later. */
  private async settled<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const closed = /closed|crashed|disconnected/i.test(String(error));
      if (closed) await Promise.race([this.fault, sleep(WORD_MS)]);
      throw error;
    }
  }

  private async closeAll(): Promise<void> {
    this.options.signal.removeEventListener('abort', this.onAbort);
    const limit = new AbortController();
    const late = sleep(CLOSE_MS, false, { signal: limit.signal }).catch(() => true);
    // A context that does not close would keep its processes: then all of the browser goes.
    if (!(await Promise.race([this.closeContext(), late]))) await this.browser.end();
    limit.abort();
    this.proxy?.close();
    this.onClosed();
  }

  /** @returns false when the context is still there */
  private async closeContext(): Promise<boolean> {
    this.proxy?.close();
    await this.opening.catch(() => undefined);
    if (!this.context) return true;
    return this.context.close().then(
      () => true,
      () => !this.browser.isConnected,
    );
  }

  private notice(text: string): void {
    this.notices += 1;
    if (this.notices > MAX_NOTICES) return;
    this.options.onNotice?.(this.notices < MAX_NOTICES ? text : `${text}; further ones are not told of`);
  }

  private onRefused(host: string, reason: string): void {
    if (this.refused.has(host) || this.refused.size >= MAX_REFUSED) return;
    this.refused.set(host, reason);
    this.options.onNotice?.(`${host} was refused: ${reason}`);
  }
}
