import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The Go module of the legacy program. Jest runs in the repository's root. */
export const goModule = resolve('tests/interop/go');
const bin = join(goModule, 'bin');

export const goAvailable = spawnSync('go', ['version'], { stdio: 'ignore' }).status === 0;

const howToGetGo =
  'needs Go 1.18 or newer on the PATH: `apt-get install golang-go`, `brew install go` or https://go.dev/dl';

/** A suite that drives the Go program; where there is no Go, its tests are reported as skipped, by name. */
export function describeWithGo(name: string, suite: () => void): void {
  // Not by console, whose lines Jest leaves out for a file that is skipped as a whole.
  if (!goAvailable) process.stderr.write(`SKIPPED: "${name}" ${howToGetGo}\n`);
  const describeOrSkip = goAvailable ? describe : describe['skip'];
  describeOrSkip(name, () => {
    // Generous, because the first build of all downloads and compiles the Redis client.
    beforeAll(buildLegacy, 300_000);
    suite();
  });
}

/**
 * Builds the program unless these very sources have been built already.
 *
 * @returns path of the executable.
 */
export async function buildLegacy(): Promise<string> {
  const executable = legacyPath();
  if (existsSync(executable)) return executable;
  mkdirSync(bin, { recursive: true });
  // Spec files run side by side: each builds under a name of its own, the last rename wins.
  const unfinished = join(bin, `.unfinished-${process.pid}`);
  await run('go', ['build', '-o', unfinished, './cmd/legacy'], { cwd: goModule });
  renameSync(unfinished, executable);
  const old = readdirSync(bin).filter((file) => file.startsWith('legacy-') && join(bin, file) !== executable);
  for (const file of old) rmSync(join(bin, file), { force: true });
  return executable;
}

let path: string | undefined;

/** Where the program is once it is built; the name changes with its sources. */
export function legacyPath(): string {
  path ??= join(bin, `legacy-${sourceHash()}`);
  return path;
}

function sourceHash(): string {
  const sources = readdirSync(goModule, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(\.go|go\.mod|go\.sum)$/.test(file) && !file.endsWith('_test.go'))
    .sort();
  const hash = createHash('sha256');
  for (const file of sources) hash.update(`${file}\0`).update(readFileSync(join(goModule, file)));
  return hash.digest('hex').slice(0, 16);
}
