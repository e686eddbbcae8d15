import { addBulk, addOne } from './add.mjs';
import { process1, process10, process100, process500, twoProcesses } from './process.mjs';

/**
 * Every case, in the order of the report. A case has
 * - `columns`: figures that `measure` returns; the first is the one that ratios are made of;
 * - `jobs`: how many at scale 1, and `measure(run, jobs)`;
 * - `target`: what Drover must reach (lib/targets.mjs); optional `rounds` (at most) and `peers(peer)` (who takes part).
 */
export const CASES = [addOne, addBulk, process1, process10, process100, process500, twoProcesses];
