import { existsSync } from 'node:fs';
import { loadavg } from 'node:os';
import { UserError, say } from '../../scripts/lib/messages.mjs';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { findPostgres } from '../../scripts/lib/postgres.mjs';
import { setUp } from '../../scripts/lib/set-up.mjs';
import { HELP, readArguments } from './arguments.mjs';
import { endAll, endOnSignals } from './ending.mjs';
import { buildGo } from './go.mjs';
import { machineFacts } from './machine.mjs';
import { startPostgres } from './postgres.mjs';
import { startRedis } from './redis.mjs';
import { writeResults } from './results.mjs';
import { measureCase } from './rounds.mjs';
import { textTable } from './table.mjs';

/**
 * `npm run bench`: measures the cases and peers that are asked for.
 * @returns the exit code: 1 when a round failed, because a job was lost or run twice
 */
export async function bench(args) {
  const options = readArguments(args);
  if (options.help) return void say(HELP);
  endOnSignals();
  try {
    // The smoke run is a test: what it tests is built already.
    if (!options.smoke) await setUp();
    if (!existsSync(inRoot('dist/libs/queue/src/index.js'))) throw new UserError('run npm run build first');
    return await measure(options);
  } finally {
    await endAll();
  }
}

async function measure(options) {
  const { stores, notes } = await startStores(options.peers);
  const peers = options.peers.filter(({ store }) => stores[store]);
  const programs = {};
  if (options.cases.some(({ needs }) => needs === 'go')) programs.go = buildGo();
  const cases = options.cases.filter(({ needs }) => !needs || programs[needs]);
  if (cases.length < options.cases.length) notes.push('Go was not found: jobs added by Go are left out');
  notes.forEach((note) => say(note));
  const started = new Date();
  const [load] = loadavg();
  const results = [];
  for (const entry of cases) {
    const result = await measureCase(entry, { ...options, peers, stores, programs });
    results.push(result);
    if (!options.smoke) say(`\n${textTable(result)}\n`);
  }
  const failures = results.flatMap(({ failures: ofCase }) => ofCase);
  const descriptions = Object.values(stores).map(({ description }) => description);
  const facts = await machineFacts({ peers, started, stores: descriptions, load });
  const { rounds, scale } = options;
  if (options.write) say(`\nwritten: ${writeResults({ facts, rounds, scale, notes, results }).join(', ')}`);
  say(
    failures.length === 0
      ? '\nEvery job of every round was run exactly once.'
      : `\n${failures.length} rounds failed.`,
  );
  return failures.length === 0 ? 0 : 1;
}

async function startStores(peers) {
  const stores = { redis: await startRedis() };
  const notes = [];
  if (!peers.some(({ store }) => store === 'postgres')) return { stores, notes };
  const folder = findPostgres();
  if (!folder)
    return { stores, notes: ['PostgreSQL was not found: graphile-worker and pg-boss are left out'] };
  stores.postgres = await startPostgres(folder);
  return { stores, notes: [] };
}
