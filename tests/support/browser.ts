import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

const executablePath = process.env['TEST_CHROMIUM'] ?? '';

/** For Chromium in a container, as any user, and without requests of its own. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A name of elsewhere that points to this machine: DNS rebinding.
  '--host-resolver-rules=MAP rebound.example 127.0.0.1',
];

const LAUNCH_MS = 60_000;

/** A page of a browser of its own, and what went wrong in it. */
export interface WatchedPage {
  page: Page;
  /** Requests to other servers, errors of scripts, and what the Content-Security-Policy refused. */
  trouble: string[];
}

/** A cookie of a server, which the browser has before it opens the page. */
export interface Cookie {
  name: string;
  value: string;
  /** The server's address. */
  url: string;
}

/**
 * Opens a page.
 *
 * @param page its address; with a cookie for one who is signed in.
 * @param others origins it may ask too.
 */
export type OpenPage = (page: string | { url: string; cookie: Cookie }, ...others: string[]) => Promise<Page>;

/**
 * A suite that drives pages in headless Chromium; where there is none, its tests are reported as skipped.
 * After each test its pages are closed, and none may have asked another server for anything, nor broken
 * its own security policy, nor thrown.
 */
export function describeWithBrowser(name: string, suite: (open: OpenPage) => void): void {
  // Not by console, whose lines Jest leaves out for a file that is skipped as a whole.
  if (!executablePath) process.stderr.write(`SKIPPED: "${name}" needs chromium on the PATH\n`);
  const describeOrSkip = executablePath ? describe : describe['skip'];
  describeOrSkip(name, () => {
    let browser: Browser;
    const opened: WatchedPage[] = [];

    beforeAll(async () => {
      browser = await chromium.launch({ executablePath, args: FLAGS, timeout: LAUNCH_MS });
    }, LAUNCH_MS + 5000);
    afterAll(() => browser.close());
    afterEach(async () => {
      const pages = opened.splice(0);
      await Promise.all(pages.map(({ page }) => page.context().close()));
      expect(pages.flatMap(({ trouble }) => trouble)).toEqual([]);
    });

    suite(async (wanted, ...others) => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US' });
      const url = typeof wanted === 'string' ? wanted : wanted.url;
      if (typeof wanted !== 'string')
        await context.addCookies([{ ...wanted.cookie, sameSite: 'Strict', httpOnly: true }]);
      const watched = watch(await context.newPage(), [new URL(url).origin, ...others]);
      opened.push(watched);
      await watched.page.goto(url);
      return watched.page;
    });
  });
}

function watch(page: Page, origins: readonly string[]): WatchedPage {
  const trouble: string[] = [];
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && !origins.includes(origin)) trouble.push(`asked for ${request.url()}`);
  });
  page.on('pageerror', (error) => trouble.push(String(error)));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) trouble.push(message.text());
  });
  return { page, trouble };
}

/** Keeps a picture of the page at `test-output/<name>.png`. */
export async function takePicture(page: Page, name: string): Promise<void> {
  const path = join('test-output', `${name}.png`);
  mkdirSync(dirname(path), { recursive: true });
  await page.screenshot({ path });
}
