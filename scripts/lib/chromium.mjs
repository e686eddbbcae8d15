import { findInstaller, install } from './installer.mjs';
import { report, say } from './messages.mjs';
import { onPath } from './redis-finder.mjs';

const WAYS = 'install Chromium or Chrome (Debian: sudo apt-get install chromium)';

/** The browser for the tests of pages: a Chromium or Chrome on the PATH; undefined when there is none. */
export const findChromium = () =>
  onPath('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable');

/**
 * Installs Chromium on Debian where that can be done and none is there. Only tests need it: where it
 * cannot be had, it says so, and those that drive a page are skipped.
 */
export async function findOrInstallChromium() {
  if (findChromium()) return;
  const installer = findInstaller();
  // Ubuntu's chromium is a wrapper that needs snap, and brew's is no command line program.
  if (installer?.name === 'apt') {
    await install(installer, { what: 'chromium', program: 'chromium', ways: WAYS }).catch(report);
  }
  if (!findChromium()) say(`Chromium was not found: the tests of pages are skipped (${WAYS})`);
}
