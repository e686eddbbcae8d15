import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];

const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/opt/google/chrome/chrome',
  '/snap/bin/chromium',
];

/**
 * The program of Chromium or Chrome.
 *
 * @param configured its path, or its name on the PATH; then nothing else is looked for.
 * @returns undefined when there is none that can be run.
 */
export function findBrowser(
  configured: string | undefined,
  path = process.env['PATH'] ?? '',
): string | undefined {
  const candidates = configured
    ? fromPath(configured, path)
    : [...NAMES.flatMap((name) => fromPath(name, path)), ...PLACES];
  return candidates.find(isProgram);
}

function fromPath(name: string, path: string): string[] {
  if (isAbsolute(name)) return [name];
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
