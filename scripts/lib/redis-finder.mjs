import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export const OLDEST_REDIS = [7, 0];

/** Full path of the first of these programs that is on the PATH. */
export function onPath(...names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
      const file = join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // not here
      }
    }
  }
  return undefined;
}

/** Whether a version such as `7.0.15` is one Drover works with. */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST_REDIS[0] || (major === OLDEST_REDIS[0] && minor >= OLDEST_REDIS[1]);
}

/** The Redis (or Valkey) server programs on the PATH, each with its version. */
export function redisServersOnPath() {
  return ['redis-server', 'valkey-server']
    .map((name) => onPath(name))
    .filter((file) => file !== undefined)
    .map((file) => ({ file, version: serverVersion(file) }));
}

function serverVersion(file) {
  try {
    const text = execFileSync(file, ['--version'], { encoding: 'utf8', timeout: 10_000 });
    return /\bv=(\d+(?:\.\d+)*)/.exec(text)?.[1] ?? '0';
  } catch {
    return '0';
  }
}
