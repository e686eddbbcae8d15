// npm run new:job -- mail.digest [--dir folder] [--batch] [--schedule 5m]: a new job type, with a test that passes.
import { requireNode } from './lib/node-version.mjs';

requireNode();
const { runMain } = await import('./lib/main.mjs');
const { newJob } = await import('./lib/new-job.mjs');

await runMain(() => newJob(process.argv.slice(2)));
