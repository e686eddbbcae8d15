/**
 * What part of a case's jobs the slower peers get, so that a round of theirs takes about as long as one of the
 * others, some seconds. Rates are per job, so they can be compared all the same.
 */
export const SHARES = {
  addOne: { graphile: 0.05, 'graphile-batched': 0.05, 'pg-boss': 0.1 },
  one: { graphile: 0.15, 'pg-boss': 0.1 },
  ten: { graphile: 0.05, 'pg-boss': 0.15 },
  many: { graphile: 0.025, 'pg-boss': 0.2 },
  // It polls twice a second at most.
  pickUp: { 'pg-boss': 0.05 },
};
