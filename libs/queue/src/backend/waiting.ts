import type { ConnectionOptions } from 'bullmq';
import { Cluster } from 'ioredis';
import { Connection } from './connection.js';
import type { QueueKeys } from './keys.js';
import { LegacyListener } from './legacy-listener.js';
import type { Scripts } from './scripts.js';

/** What a worker is woken with: score 0 = look now, > 0 = time in ms of the next delayed job. */
export interface Wakeup {
  member: string;
  score: number;
}

/** How long past its own timeout a blocking command may take before its connection is given up. */
const WATCHDOG_MS = 1000;

/**
 * Blocks a worker until there may be work. Drover's scripts wake it through `<p>wakeup`; what legacy
 * services add is heard on `<p>updates` while it waits, adopted, and wakes it the same way.
 */
export class Waiting {
  private readonly connection: Connection;
  private readonly listener: LegacyListener;
  private interrupted = false;
  private noteInterrupt!: () => void;
  private readonly firstInterrupt = new Promise<void>((resolve) => (this.noteInterrupt = resolve));
  /** One race for all who wait: each further one would stay with a promise that may never settle. */
  private ready: Promise<void>;

  constructor(
    connection: ConnectionOptions | undefined,
    private readonly keys: QueueKeys,
    scripts: Scripts,
    name: string,
  ) {
    // The answer to a question would come behind the first blocking command; the main connection asks.
    this.connection = new Connection(connection, { name, asksVersion: false });
    this.ready = Promise.race([this.firstInterrupt, this.reachNode()]);
    this.ready.catch(() => undefined);
    this.listener = new LegacyListener(connection, keys, scripts);
  }

  on(event: 'error' | 'ready', listener: (...args: unknown[]) => void): void {
    this.connection.on(event, listener as () => void);
    if (event === 'error') this.listener.on('error', listener as () => void);
  }

  /** An interrupted connection keeps nobody waiting: a running job of a worker that closes must still end. */
  waitUntilReady(): Promise<void> {
    return this.ready;
  }

  /**
   * @param timeout seconds to wait at most.
   * @param heldUp whether the queue is at its limit of running jobs: then an end of a legacy service's job counts too.
   * @returns null when nothing came, or when interrupted.
   */
  async wait(timeout: number, heldUp = false): Promise<Wakeup | null> {
    if (this.connection.client instanceof Cluster) await this.waitUntilReady();
    if (this.interrupted) return null;
    const listening = this.listener.listen(heldUp);
    // While Redis is away the listener waits for it; the blocking command below reports what is wrong.
    listening.catch(() => undefined);
    try {
      return await this.pop(timeout);
    } catch (error) {
      if (this.interrupted) return null;
      throw error;
    } finally {
      this.listener.rest();
    }
  }

  /** Ends the current wait, and any that starts before {@link resume}. */
  interrupt(): Promise<void> {
    this.interrupted = true;
    this.noteInterrupt();
    this.ready = this.firstInterrupt;
    return this.connection.interrupt();
  }

  async resume(): Promise<void> {
    this.interrupted = false;
    await this.connection.reconnect();
  }

  async close(force: boolean): Promise<void> {
    this.interrupted = true;
    await Promise.all([this.connection.close(force), this.listener.close(force)]);
  }

  /**
   * On a Cluster connects to the node with this queue before the first blocking command does: a worker
   * that is ready is then in that node's client list.
   */
  private async reachNode(): Promise<void> {
    await this.connection.waitUntilReady();
    const { client } = this.connection;
    if (client instanceof Cluster) await client.exists(this.keys.key('wakeup'));
  }

  /**
   * A blocking pop that cannot hang: after a reset connection ioredis sends it again without limit, so
   * a watchdog gives the connection up when the answer is overdue.
   */
  private async pop(timeout: number): Promise<Wakeup | null> {
    const popped = this.connection.client.bzpopmin(this.keys.key('wakeup'), timeout);
    popped.catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const overdue = new Promise<'overdue'>((resolve) => {
      timer = setTimeout(() => resolve('overdue'), timeout * 1000 + WATCHDOG_MS);
    });
    try {
      const answer = await Promise.race([popped, overdue]);
      if (answer === 'overdue') {
        if (this.connection.client.status === 'ready') this.connection.client.disconnect(true);
        return null;
      }
      return answer ? { member: answer[1], score: Number(answer[2]) } : null;
    } finally {
      clearTimeout(timer);
    }
  }
}
