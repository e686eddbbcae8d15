// npm start: sets everything up and runs Redis (if need be), the API and a worker.
import { requireNode } from './lib/node-version.mjs';

requireNode();
const { runMain } = await import('./lib/main.mjs');
const { start } = await import('./lib/start.mjs');

await runMain(start);
