import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOrInstallChromium } from './chromium.mjs';
import { run } from './commands.mjs';
import { report, say, warn } from './messages.mjs';
import { inRoot } from './paths.mjs';
import { findOrInstallPostgres } from './postgres.mjs';
import { onPath } from './redis-finder.mjs';
import { findOrInstallRedis } from './redis-install.mjs';
import { findOrInstallSchemathesis } from './schemathesis.mjs';
import { setUp } from './set-up.mjs';

/**
 * `npm test [-- arguments of jest]`: set-up, then types, eslint, prettier and every test there is.
 * With arguments (a part of the tests is meant) or --no-lint the three checks are left out.
 */
export async function test(args) {
  const forJest = args.filter((arg) => arg !== '--no-lint');
  const counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    await findOrInstallRedis();
    await findOrInstallChromium();
    await findOrInstallPostgres();
    await setUp();
    // After the dependencies: it stands among them.
    await findOrInstallSchemathesis();
    tellAboutGo();
    if (args.length === 0) counts.failed += await lint();
    const tests = await runJest(forJest);
    for (const name of Object.keys(counts)) counts[name] += tests[name];
  } catch (error) {
    report(error);
    counts.failed += 1;
  }
  if (counts.passed + counts.failed === 0) warn('no test ran');
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  say(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}

function tellAboutGo() {
  const go = onPath('go');
  if (go) say(`Go for the interop tests: ${go}, ${goVersion(go)}`);
  else say('Go was not found: the interop tests are skipped (get it from https://go.dev/dl)');
}

function goVersion(go) {
  try {
    return execFileSync(go, ['version'], { encoding: 'utf8' }).trim();
  } catch (error) {
    return `which does not run (${error.message.split('\n')[0]})`;
  }
}

/** How many of the three checks failed. */
async function lint() {
  const checks = {
    tsc: [
      inRoot('node_modules/typescript/bin/tsc'),
      '-p',
      inRoot('tsconfig.json'),
      '--noEmit',
      '--incremental',
      'false',
    ],
    eslint: [inRoot('node_modules/eslint/bin/eslint.js'), '.'],
    prettier: [inRoot('node_modules/prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'],
  };
  const codes = await Promise.all(Object.values(checks).map((command) => run(process.execPath, command)));
  const failed = Object.keys(checks).filter((_, at) => codes[at] !== 0);
  for (const name of failed)
    warn(`${name} found something, see above (npm run format puts the format right)`);
  return failed.length;
}

async function runJest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'drover-test-'));
  const summary = join(folder, 'summary.json');
  const jest = [inRoot('node_modules/jest/bin/jest.js'), ...args];
  const reporters = ['--reporters=default', `--reporters=${inRoot('tests/support/summary-reporter.mjs')}`];
  try {
    const env = { ...process.env, DROVER_TEST_SUMMARY: summary };
    const code = await run(process.execPath, [...jest, ...reporters], { env });
    const counts = JSON.parse(readFileSync(summary, 'utf8'));
    // jest can fail without a failed test: a threshold, an error in its own set-up or teardown.
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    return counts;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return { passed: 0, failed: 1, skipped: 0 }; // it did not get as far as a summary
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
