const load = (file) => async () => (await import(file)).role;

/** What a client process can do; each role is loaded only where it is played. */
export const ROLES = {
  add: load('./add.mjs'),
  fill: load('./fill.mjs'),
  work: load('./work.mjs'),
  listen: load('./listen.mjs'),
  latency: load('./latency.mjs'),
  'latency-go': load('./latency-go.mjs'),
};
