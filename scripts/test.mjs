// npm test [-- arguments of jest]: sets everything up and runs all tests on a Redis of their own.
import { requireNode } from './lib/node-version.mjs';

requireNode();
const { runMain } = await import('./lib/main.mjs');
const { test } = await import('./lib/test.mjs');

await runMain(() => test(process.argv.slice(2)));
