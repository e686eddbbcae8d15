// Runs BullMQ's backend-neutral test suite on Drover's store and prints its figures by file, as Markdown:
//   node scripts/bullmq-suite.mjs <checkout of taskforcesh/bullmq> [runs] [files...]
// docs/conformance.md says how to prepare the checkout. Exit code 1 when a test fails that can pass.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { runMain } from './lib/main.mjs';
import { UserError } from './lib/messages.mjs';
import { inRoot, root } from './lib/paths.mjs';
import { findOrInstallRedis } from './lib/redis-install.mjs';
import { startRedisServer } from './lib/redis-server.mjs';

const folder = inRoot('libs/queue/testing/bullmq-suite');
/** Tests that no store but BullMQ's own Redis store can pass, each with the reason. */
const outOfReach = JSON.parse(readFileSync(join(folder, 'out-of-reach.json'), 'utf8'));

/** The files that every store is held to: those that clean up through the store, not through Redis. */
function neutralFiles(checkout) {
  return readdirSync(join(checkout, 'tests'))
    .filter((name) => name.endsWith('.test.ts') && !name.endsWith('.redis.test.ts'))
    .filter((name) => readFileSync(join(checkout, 'tests', name), 'utf8').includes('cleanup-queue'))
    .map((name) => join('tests', name));
}

function runOnce(checkout, files, port, output) {
  const vitest = join(checkout, 'node_modules/vitest/vitest.mjs');
  const args = ['run', '--config', join(folder, 'config.mjs'), '--no-file-parallelism'];
  const { error } = spawnSync(
    process.execPath,
    [vitest, ...args, '--reporter=dot', '--reporter=json', `--outputFile.json=${output}`, ...files],
    {
      cwd: checkout,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, DROVER_ROOT: root, BULLMQ_ROOT: checkout, DROVER_REDIS_PORT: String(port) },
    },
  );
  if (error) throw error;
  return JSON.parse(readFileSync(output, 'utf8'));
}

/** One line per file: passed, failed, out of reach, skipped by BullMQ, seconds. */
function figures(report) {
  return report.testResults
    .map((file) => {
      const name = basename(file.name);
      const count = { passed: 0, failed: [], beyond: 0, skipped: 0 };
      for (const { fullName, status } of file.assertionResults) {
        if (status === 'passed') count.passed++;
        else if (status !== 'failed') count.skipped++;
        else if (outOfReach[name]?.[fullName]) count.beyond++;
        else count.failed.push(fullName);
      }
      return { name, ...count, seconds: (file.endTime - file.startTime) / 1000 };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

function table(files) {
  const sum = (pick) => files.reduce((total, file) => total + pick(file), 0);
  const row = (name, passed, failed, beyond, skipped, seconds) =>
    `| ${name} | ${passed} | ${failed} | ${beyond} | ${skipped} | ${seconds.toFixed(0)} |`;
  return [
    '| file | passed | failed | out of reach | skipped | seconds |',
    '|---|---:|---:|---:|---:|---:|',
    ...files.map((f) => row(f.name, f.passed, f.failed.length, f.beyond, f.skipped, f.seconds)),
    row(
      '**all**',
      sum((f) => f.passed),
      sum((f) => f.failed.length),
      sum((f) => f.beyond),
      sum((f) => f.skipped),
      sum((f) => f.seconds),
    ),
  ].join('\n');
}

async function main([checkoutPath, runs = '1', ...chosen]) {
  if (!checkoutPath) throw new UserError('which checkout of BullMQ? See docs/conformance.md');
  const checkout = resolve(checkoutPath);
  const files = chosen.length > 0 ? chosen : neutralFiles(checkout);
  const dir = mkdtempSync(join(tmpdir(), 'drover-suite-'));
  const redis = await startRedisServer({ binary: (await findOrInstallRedis()).file, dir, persistent: false });
  let failed = 0;
  try {
    for (let run = 1; run <= Number(runs); run++) {
      const counted = figures(runOnce(checkout, files, redis.port, join(dir, 'report.json')));
      console.log(`\nRun ${run} of ${runs}\n\n${table(counted)}\n`);
      for (const file of counted)
        for (const name of file.failed) console.log(`failed: ${file.name}: ${name}`);
      failed += counted.reduce((total, file) => total + file.failed.length, 0);
    }
  } finally {
    await redis.stop();
    rmSync(dir, { recursive: true, force: true });
  }
  return failed > 0 ? 1 : 0;
}

await runMain(() => main(process.argv.slice(2)));
