// npm run bench:api [-- options]: measures creating and showing jobs through REST; see docs/benchmarks.md.
import { runMain } from '../scripts/lib/main.mjs';
import { benchApi } from './api/main.mjs';

await runMain(() => benchApi(process.argv.slice(2)));
