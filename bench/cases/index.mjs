import { addBulk, addOne } from './add.mjs';
import { claims } from './claims.mjs';
import { MEMORY } from './memory.mjs';
import { pickUp, pickUpGo } from './pick-up.mjs';
import { process1, process10, process100, process500, twoProcesses } from './process.mjs';
import { addAndProcess, endToEnd } from './together.mjs';

/**
 * Every case, in the order of the report. A case has
 * - `columns`: figures that `measure` returns; the first is the one that ratios are made of;
 * - `jobs`: how many at scale 1, and `measure(run, jobs)`;
 * - optional: `target`, what Drover must reach (lib/targets.mjs); `rounds` at most; `peers(peer)`, who takes part;
 *   `smoke`: who takes part in the smoke run, `all` or `ours` (Drover only), otherwise nobody: its code is another
 *   case's, too; `smokeJobs`, how many then, where a hundredth of `jobs` is too many;
 *   `shares`, the part of the jobs that a peer gets, by name; `needs`, a program without which the case is left out.
 */
export const CASES = [
  ...[addOne, addBulk],
  ...[process1, process10, process100, process500, twoProcesses],
  ...[addAndProcess, endToEnd, pickUp, pickUpGo],
  ...MEMORY,
  claims,
];
