import { performance } from 'node:perf_hooks';

/** Milliseconds of the wall clock with fractions: comparable between the processes of one machine. */
export const wallClock = () => performance.timeOrigin + performance.now();
