import { inFlight } from '../lib/in-flight.mjs';

const PER_CALL = 1000;
const CALLS_IN_FLIGHT = 3;

/** Fills the queue before something else is measured. Nothing of it is measured itself. */
export const role = {
  prepare: async ({ session, count }) => {
    await session.ready?.();
    return {
      async run() {
        await inFlight(Math.ceil(count / PER_CALL), CALLS_IN_FLIGHT, async (call) => {
          const from = call * PER_CALL;
          await session.addBulk(from, Math.min(PER_CALL, count - from));
        });
        await session.settle?.();
        const { waiting, active } = await session.counts();
        if (waiting !== count || active !== 0)
          throw new Error(`of ${count} added jobs ${waiting} wait, ${active} run`);
      },
    };
  },
};
