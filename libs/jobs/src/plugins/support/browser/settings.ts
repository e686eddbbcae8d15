import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { listOf, readSettings, wholeNumber } from '#libs/contracts';
import { z } from 'zod';
import { isHostPattern } from '../host-pattern.js';

/** Injection token of the process's {@link BrowserSettings}. */
export const BROWSER_SETTINGS = Symbol('drover:browser-settings');

const hostList = listOf(
  z.string().refine(isHostPattern, {
    error: ({ input }) => `${JSON.stringify(input)} is no host, *.host, address or block of addresses`,
  }),
);

const schema = z.object({
  /** Program of Chromium or Chrome. Default: looked for at the usual places. */
  BROWSER_PATH: z.string().optional(),
  /** Pages in use at once, over all jobs of the process; others wait. */
  BROWSER_CONTEXTS: wholeNumber(1, 64).default(4),
  /** Jobs after which a browser is replaced by a fresh one. */
  BROWSER_RECYCLE_JOBS: wholeNumber(1, 1_000_000).default(100),
  /** Seconds without a job after which the browser is closed. */
  BROWSER_IDLE_SECONDS: wholeNumber(1, 86_400).default(300),
  /** Memory of one page's process; above it, the page is killed. */
  BROWSER_PAGE_MEMORY_MB: wholeNumber(64, 1_048_576).default(1024),
  /** Memory of all processes of the browser together; above it, the browser is killed. */
  BROWSER_MEMORY_MB: wholeNumber(256, 1_048_576).default(3072),
  /** Hosts that pages may reach: names, `*.name`, addresses, each with or without a port. Empty: all public ones. */
  BROWSER_ALLOWED_HOSTS: hostList,
  /** Hosts, addresses or blocks that may be reached though they are not public. */
  BROWSER_PRIVATE_HOSTS: hostList,
  /** Bytes that the extracts of a job may have together. */
  BROWSER_EXTRACT_BYTES: wholeNumber(1, 64 * 1024 * 1024).default(256 * 1024),
  /** Chromium's sandbox; `auto`: on, except for root, as whom Chromium cannot have it. */
  BROWSER_SANDBOX: z.enum(['auto', 'on', 'off']).default('auto'),
  /** Folder for profiles. */
  BROWSER_TEMP_DIR: z
    .string()
    .min(1)
    .default(() => join(tmpdir(), `drover-browser-${userInfo().uid}`)),
});

/** What a worker can be told about its browser. */
export type BrowserSettings = z.output<typeof schema>;

/**
 * Reads and checks the settings of the browser; an empty value counts as not set.
 *
 * @throws {InvalidSettingsError} naming every setting that is wrong.
 */
export function readBrowserSettings(env: Record<string, string | undefined>): BrowserSettings {
  return readSettings(schema, env);
}
