// npm run start:worker: one more worker.
import { requireNode } from './lib/node-version.mjs';

requireNode();
const { runMain } = await import('./lib/main.mjs');
const { startWorker } = await import('./lib/start-worker.mjs');

await runMain(startWorker);
