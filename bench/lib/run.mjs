import { Client } from './client.mjs';
import { Tally } from './tally.mjs';

const QUEUE = 'jobs';

/** One measurement: one case, one peer, one round. Its store is empty at the beginning. */
export class Run {
  #clients = [];

  constructor(peer, store) {
    this.peer = peer;
    this.store = store;
  }

  /** A client process for this peer; see bench/roles. */
  client(role, options = {}) {
    const { address } = this.store;
    const client = new Client({ peer: this.peer.name, role, address, queue: QUEUE, ...options });
    this.#clients.push(client);
    return client.ready();
  }

  /** Ends the client processes of a run that failed. */
  async abandon() {
    await Promise.all(this.#clients.map((client) => client.undo()));
  }

  /** Lets a client process do its whole work, and end. */
  async complete(role, options) {
    const client = await this.client(role, options);
    client.go();
    const result = await client.result();
    await client.close();
    return result;
  }

  /** Puts jobs into the queue, not measured. */
  async fill(count, options = {}) {
    await this.complete('fill', { count, ...options });
  }

  /** What the store says about its jobs. */
  async counts() {
    return this.complete('count');
  }

  /** @throws {Error} unless the store says that all `total` jobs are completed */
  async checkCompleted(total) {
    const { waiting, active, completed = total } = await this.counts();
    if (waiting === 0 && active === 0 && completed === total) return;
    throw new Error(
      `${this.peer.name}: of ${total} jobs the store has ${waiting} waiting, ${active} running, ${completed} completed`,
    );
  }

  /**
   * Starts clients together, waits until the workers among them have done `total` jobs, checks that each was run
   * exactly once, and measures.
   *
   * @param options.workers clients in the role of a worker
   * @param options.others clients that take part; `reached` says whether they have done their part
   */
  async work({ workers, others = [], total, reached = () => true }) {
    const clients = [...others, ...workers];
    const cpuBefore = await this.store.cpu();
    clients.forEach((client) => client.go());
    const isOver = () => workers.reduce((sum, { done }) => sum + done, 0) >= total && reached();
    clients.forEach((client) => (client.onProgress = () => clients.forEach((each) => each.wake())));
    await Promise.all(clients.map((client) => client.reached(isOver)));
    const storeCpu = (await this.store.cpu()) - cpuBefore;
    const results = await Promise.all(clients.map((client) => client.stop()));
    await Promise.all(clients.map((client) => client.close()));
    const ofWorkers = results.slice(others.length);
    const tally = Tally.sum(
      total,
      ofWorkers.map(({ counts }) => counts),
    );
    tally.check(this.peer.name);
    return figures(total, { results, ofWorkers, storeCpu });
  }
}

/** Rate and CPU times per job, from the first start to the last end. */
function figures(total, { results, ofWorkers, storeCpu }) {
  const startAt = Math.min(...ofWorkers.map((each) => each.startAt));
  const endAt = Math.max(...results.map((each) => each.lastAt ?? each.endAt));
  const clientCpu = results.reduce((sum, { cpu = 0 }) => sum + cpu, 0);
  return perJob(total, { ms: endAt - startAt, clientCpu, storeCpu });
}

/** The figures that every case of throughput has. */
export const perJob = (total, { ms, clientCpu, storeCpu }) => ({
  rate: (total / ms) * 1000,
  clientCpu: clientCpu / total,
  storeCpu: storeCpu / total,
});
