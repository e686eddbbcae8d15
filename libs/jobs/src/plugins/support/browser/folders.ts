import { lstat, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BrowserFolderError } from './errors.js';
import { HEARTBEAT_FILE } from './keeper/messages.js';

/** A keeper writes its heartbeat twice a minute; the rest is for machines that sleep or stall. */
const STALE_MS = 10 * 60_000;

/**
 * Makes a folder for one browser below `root`, which is made too, for this user only.
 *
 * @throws {BrowserFolderError} when `root` is another user's, who could then read and change profiles.
 */
export async function makeFolder(root: string): Promise<string> {
  const absolute = resolve(root);
  await mkdir(absolute, { recursive: true, mode: 0o700 });
  const about = await lstat(absolute);
  if (!about.isDirectory()) throw new BrowserFolderError(absolute, 'is no folder');
  const me = process.getuid?.();
  if (me !== undefined && about.uid !== me)
    throw new BrowserFolderError(
      absolute,
      'belongs to another user: set BROWSER_TEMP_DIR to a folder of your own',
    );
  return mkdtemp(join(absolute, 'b-'));
}

/**
 * Removes what browsers left behind whose keepers could not do it: those killed together with their worker.
 *
 * @param now Unix ms.
 */
export async function removeLeftovers(root: string, now = Date.now()): Promise<void> {
  const names = await readdir(root).catch(() => []);
  for (const name of names.filter((one) => one.startsWith('b-'))) {
    const folder = join(root, name);
    const { mtimeMs } = await stat(join(folder, HEARTBEAT_FILE))
      .catch(() => stat(folder))
      .catch(() => ({ mtimeMs: now }));
    if (now - mtimeMs > STALE_MS) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
