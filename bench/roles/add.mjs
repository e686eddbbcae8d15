import { wallClock } from '../lib/clock.mjs';
import { inFlight } from '../lib/in-flight.mjs';

/**
 * Adds jobs and measures it: one by one with `inFlight` of them under way, or `perCall` in each call, one call after
 * the other. The ids that the queue gave must all be different.
 */
export const role = {
  prepare: async ({ session, count, inFlight: limit, perCall }) => {
    await session.ready?.();
    return {
      async run() {
        const ids = new Array(count);
        const cpu = process.cpuUsage();
        const startAt = wallClock();
        if (perCall) await addInCalls(session, count, perCall, ids);
        else await inFlight(count, limit, async (number) => (ids[number] = await session.addOne(number)));
        const endAt = wallClock();
        const { user, system } = process.cpuUsage(cpu);
        const distinct = new Set(ids).size;
        if (distinct !== count) throw new Error(`${count} jobs were added, with ${distinct} different ids`);
        return { startAt, endAt, cpu: user + system };
      },
    };
  },
};

async function addInCalls(session, count, perCall, ids) {
  for (let from = 0; from < count; from += perCall) {
    const added = await session.addBulk(from, Math.min(perCall, count - from));
    added.forEach((id, place) => (ids[from + place] = id));
  }
}
