/**
 * Everything that is compared, in the order of the tables. `tellsSubscribers`: others can hear of completed jobs;
 * `go`: Go services can add jobs. `file` holds the adapter: `peer` with
 * - `settings`: how it is set, in words, for the results;
 * - `open({ address, queue, role, payload, jobOptions, onError })`: a session in a client process:
 *   `addOne(number)` -> id, `addBulk(from, count)` -> ids,
 *   `startWorker({ concurrency, onRun(number), onDone() })` -> `{ run(), close() }`, connected but idle until `run`,
 *   `counts()` -> `{ waiting, active, completed }` (`completed` undefined where finished jobs are deleted),
 *   `close()`, and where it has them:
 *   `ready()` for those who add, to be connected before the measurement,
 *   `settle()` after a large fill, `drained()` when the store has recorded every end (then `onDone` only means that
 *   the handler is done), `listen(onCompleted(id))` -> `{ close() }`.
 */
export const PEERS = [
  {
    name: 'drover',
    title: 'Drover',
    store: 'redis',
    packages: [],
    file: './drover.mjs',
    tellsSubscribers: true,
    go: true,
  },
  {
    name: 'bullmq',
    title: 'BullMQ',
    store: 'redis',
    packages: ['bullmq'],
    file: './bullmq.mjs',
    tellsSubscribers: true,
  },
  {
    name: 'bee-queue',
    title: 'bee-queue',
    store: 'redis',
    packages: ['bee-queue'],
    file: './bee-queue.mjs',
    tellsSubscribers: true,
  },
  {
    name: 'graphile',
    title: 'graphile-worker',
    store: 'postgres',
    packages: ['graphile-worker', 'pg'],
    file: './graphile.mjs',
  },
  {
    name: 'graphile-batched',
    title: 'graphile-worker, batched',
    store: 'postgres',
    packages: ['graphile-worker', 'pg'],
    file: './graphile-batched.mjs',
  },
  {
    name: 'pg-boss',
    title: 'pg-boss',
    store: 'postgres',
    packages: ['pg-boss', 'pg'],
    file: './pg-boss.mjs',
  },
];

/** What the ratios are ratios to. */
export const BASELINE = 'bullmq';

/** The adapter of a peer; loads its library. */
export async function peerNamed(name) {
  const entry = PEERS.find((peer) => peer.name === name);
  return (await import(entry.file)).peer;
}
