import { Client } from './client.mjs';
import { Tally } from './tally.mjs';

const QUEUE = 'jobs';

/** One measurement: one case, one peer, one round. Its store is empty at the beginning. */
export class Run {
  #clients = [];

  constructor(peer, store, programs = {}) {
    this.peer = peer;
    this.programs = programs;
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

  /** Lets the client processes end that are still there. */
  async end() {
    for (const client of this.#clients.filter(({ closed }) => !closed)) await client.close();
  }

  /** Lets a client process do its whole work, and end. */
  async complete(role, options) {
    const client = await this.client(role, options);
    client.go();
    const result = await client.result();
    await client.close();
    return result;
  }

  /** Puts jobs into the queue, not measured. The client that did it can still be asked for counts. */
  async fill(count, options = {}) {
    const client = await this.client('fill', { count, ...options });
    client.go();
    await client.result();
    return client;
  }

  /** @throws {Error} unless the store says, asked by `client`, that all `total` jobs are completed */
  async checkCompleted(client, total) {
    const { waiting, active, completed = total } = await client.counts();
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
   * @param options.until how many of the jobs are to be measured (default: all; the rest may run or not)
   * @param options.others clients that take part; `reached` says whether they have done their part
   */
  async work({ workers, others = [], total, until = total, reached = () => true }) {
    const clients = [...others, ...workers];
    const cpuBefore = await this.store.cpu();
    clients.forEach((client) => client.go());
    const isOver = () => workers.reduce((sum, { done }) => sum + done, 0) >= until && reached();
    clients.forEach((client) => (client.onProgress = () => clients.forEach((each) => each.wake())));
    await Promise.all(clients.map((client) => client.reached(isOver)));
    const storeCpu = (await this.store.cpu()) - cpuBefore;
    const results = await Promise.all(clients.map((client) => client.stop()));
    const ofWorkers = results.slice(others.length);
    const tally = Tally.sum(
      total,
      ofWorkers.map(({ counts }) => counts),
    );
    if (until === total) tally.check(this.peer.name);
    else tally.checkPart(this.peer.name, until);
    for (const { heard = total, repeated = 0 } of results) {
      if (heard !== total || repeated > 0)
        throw new Error(`of ${total} ends ${heard} were heard, ${repeated} repeatedly`);
    }
    return figures(until, { results, storeCpu });
  }
}

/** Rate and CPU times per job, from the first start to the last end. */
function figures(total, { results, storeCpu }) {
  const startAt = Math.min(...results.map((each) => each.startAt ?? Infinity));
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
