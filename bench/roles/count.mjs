/** Asks the store what it has. */
export const role = {
  prepare: async ({ session }) => ({ run: () => session.counts() }),
};
