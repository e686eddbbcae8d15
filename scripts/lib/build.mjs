import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { run } from './commands.mjs';
import { inRoot } from './paths.mjs';

/** Files that are no TypeScript and must lie beside the compiled code at run time. */
const ASSETS = [
  { from: 'libs/queue/src/backend/lua', ending: '.lua' },
  { from: 'libs/sql/src', ending: '.mjs' },
];

const SOURCES = ['apps', 'libs'];
const CONFIGURATION = ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json'];
const NOT_OURS = new Set(['node_modules', 'dist', 'dashboard']);
/** Beside a library's `src`, not in it: `libs/jobs/src/testing` is part of what plugin authors import. */
const TESTS = new Set(['test', 'testing']);
/** Tests are compiled by jest, and their types checked by `npm test`: a user's start does not wait for them. */
const isTest = (file) => /\.(spec|testkit)\.ts$/.test(file);

const stamp = () => inRoot('dist', '.sources');
const toDist = (source) => inRoot('dist', source.replace(/\.ts$/, '.js'));

const isOurs = (folder, name) =>
  !NOT_OURS.has(name) && (!TESTS.has(name) || folder.split(sep).includes('src'));

/** Paths, relative to the project, of all files below `folder` with one of these endings. */
function filesBelow(folder, endings) {
  const absolute = inRoot(folder);
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return isOurs(folder, entry.name) ? filesBelow(path, endings) : [];
    return endings.some((ending) => entry.name.endsWith(ending)) ? [path] : [];
  });
}

const typescriptFiles = () =>
  SOURCES.flatMap((folder) => filesBelow(folder, ['.ts'])).filter(
    (file) => !file.endsWith('.d.ts') && !isTest(file),
  );

const assetFiles = () => ASSETS.flatMap(({ from, ending }) => filesBelow(from, [ending]));

/** Changes whenever something the build reads changes: its content, not its time. */
function fingerprint() {
  const hash = createHash('sha256');
  const files = [
    ...CONFIGURATION.filter((file) => existsSync(inRoot(file))),
    ...typescriptFiles(),
    ...assetFiles(),
  ];
  for (const file of files.sort())
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(inRoot(file)))
      .update('\0');
  return hash.digest('hex');
}

const missingOutputs = () => typescriptFiles().filter((file) => !existsSync(toDist(file)));

/** Whether `dist` was built from exactly these sources. */
export function buildIsFresh() {
  if (!existsSync(stamp())) return false;
  return readFileSync(stamp(), 'utf8') === fingerprint() && missingOutputs().length === 0;
}

function copyAssets() {
  for (const file of assetFiles()) {
    const target = inRoot('dist', file);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(inRoot(file), target);
  }
  const wanted = new Set(assetFiles());
  for (const { from, ending } of ASSETS) {
    const built = filesBelow(join('dist', from), [ending]);
    built.filter((file) => !wanted.has(relative('dist', file))).forEach((file) => rmSync(inRoot(file)));
  }
}

/**
 * Compiles and type-checks everything but the tests into `dist`.
 * @param options.clean start from an empty `dist`
 * @returns the compiler's exit code
 */
export async function build({ clean = false } = {}) {
  if (clean) rmSync(inRoot('dist'), { recursive: true, force: true });
  const sources = fingerprint();
  const buildInfo = inRoot('dist', '.tsbuildinfo');
  const tsc = () =>
    run(process.execPath, [inRoot('node_modules/typescript/bin/tsc'), '-p', inRoot('tsconfig.build.json')]);
  let code = await tsc();
  if (code === 0 && missingOutputs().length > 0) {
    // The compiler's notes say it wrote them, but somebody has deleted them since.
    rmSync(buildInfo, { force: true });
    code = await tsc();
  }
  copyAssets();
  if (code === 0) writeFileSync(stamp(), sources);
  else rmSync(stamp(), { force: true });
  return code;
}
