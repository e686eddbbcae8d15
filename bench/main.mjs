// npm run bench [-- options]: measures Drover beside its peers; see docs/benchmarks.md.
import { runMain } from '../scripts/lib/main.mjs';
import { bench } from './lib/bench.mjs';

await runMain(() => bench(process.argv.slice(2)));
