import { existsSync, readFileSync } from 'node:fs';
import { run } from './commands.mjs';
import { UserError, say } from './messages.mjs';
import { inRoot } from './paths.mjs';
import { onPath } from './redis-finder.mjs';

function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return undefined;
  }
}

/**
 * Whether node_modules holds what package-lock.json names. Compared by content, with the list npm
 * leaves in node_modules: times say little after a `git checkout` or a copy.
 */
export function dependenciesAreFresh() {
  const installed = packagesIn(inRoot('node_modules', '.package-lock.json'));
  const wanted = packagesIn(inRoot('package-lock.json'));
  if (!installed || !wanted) return false;
  const isThere = ([path, { version, optional, devOptional }]) => {
    const found = installed[path];
    // Packages for other platforms are in the lock file, and are not installed.
    return found ? found.version === version : Boolean(optional || devOptional);
  };
  const entries = Object.entries(wanted).filter(([path]) => path !== '');
  return entries.every(isThere) && Object.keys(installed).every((path) => path in wanted);
}

/** Settings of the npm that runs us which would change what `npm ci` does. */
const UNWANTED =
  /^npm_(lifecycle_|package_|command$|config_(dry_run|global|location|omit|only|production|local_prefix|workspaces?|json|long|parseable|package_lock|package_lock_only|prefix|include_workspace_root)$)/i;

export function npmEnvironment(env = process.env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !UNWANTED.test(name)));
}

function npmCommand() {
  const path = process.env.npm_execpath;
  if (path && /npm-cli\.js$/.test(path) && existsSync(path)) return [process.execPath, path];
  const npm = onPath('npm');
  if (!npm) throw new UserError('npm was not found on the PATH: it comes with Node (https://nodejs.org)');
  return [npm];
}

const OUTPUT_LINES = 20;

/** Why `npm ci` failed, as far as its output tells. */
function explain(code, output) {
  if (output.includes('EUSAGE') && output.includes('in sync')) {
    return 'npm ci failed: package-lock.json does not match package.json: run npm install, then node scripts/complete-lock.mjs';
  }
  const shown = output.trimEnd().split('\n').slice(0, OUTPUT_LINES).join('\n');
  if (shown) console.error(shown);
  const network = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|E40[13]/.test(output);
  return network
    ? 'npm ci failed: the npm registry cannot be reached; check the network and the proxy settings, then start again'
    : `npm ci failed with exit code ${code}: its own lines are above`;
}

/** Installs the dependencies exactly as locked. Development ones too: they hold the compiler. */
export async function installDependencies() {
  const why = existsSync(inRoot('node_modules')) ? 'package-lock.json has changed' : 'first run';
  say(`Installing dependencies with npm ci (${why}); this takes about a minute ...`);
  const options = ['--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const [file, ...args] = [...npmCommand(), 'ci', ...options];
  let output = '';
  const code = await run(file, args, {
    env: npmEnvironment(),
    stdio: ['inherit', 'inherit', 'pipe'],
    onStart: (child) => child.stderr.setEncoding('utf8').on('data', (text) => (output += text)),
  });
  if (code !== 0) throw new UserError(explain(code, output));
}
