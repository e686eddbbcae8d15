import type { QueueUpdate } from '#libs/contracts';
import { endClient } from '../backend/connection.js';
import type { RedisClient } from '../backend/scripts.js';

/** Messages kept for a reader that is slower than the queue; beyond it the oldest are dropped. */
const BACKLOG = 100_000;

/**
 * Messages of one channel as an async iterator. It ends when closed (also by `break` in `for await`) and
 * goes on by itself after Redis was away; messages published meanwhile are not delivered, as pub/sub has it.
 */
export class Subscription implements AsyncIterableIterator<QueueUpdate> {
  /** Resolves once messages are delivered. */
  readonly ready: Promise<void>;
  private readonly backlog: QueueUpdate[] = [];
  private readonly readers: ((result: IteratorResult<QueueUpdate>) => void)[] = [];
  private closed = false;

  constructor(
    private readonly client: RedisClient,
    private readonly channel: string,
    private readonly onClosed: () => void = () => undefined,
  ) {
    client.on('message', this.onMessage);
    this.ready = client.subscribe(channel).then(() => undefined);
    this.ready.catch(() => undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<QueueUpdate>> {
    const value = this.backlog.shift();
    if (value) return Promise.resolve({ value, done: false });
    if (this.closed) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.readers.push(resolve));
  }

  async return(): Promise<IteratorResult<QueueUpdate>> {
    await this.close();
    return { value: undefined, done: true };
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.client.off('message', this.onMessage);
    this.backlog.length = 0;
    for (const reader of this.readers.splice(0)) reader({ value: undefined, done: true });
    endClient(this.client);
    this.onClosed();
    await Promise.resolve();
  }

  private readonly onMessage = (channel: string, message: string) => {
    if (channel !== this.channel) return;
    const update = parse(message);
    if (!update) return;
    const reader = this.readers.shift();
    if (reader) {
      reader({ value: update, done: false });
      return;
    }
    this.backlog.push(update);
    if (this.backlog.length > BACKLOG) this.backlog.shift();
  };
}

/** Anybody can publish on a channel: what is no message of the contract is passed over. */
function parse(message: string): QueueUpdate | undefined {
  try {
    const update = JSON.parse(message) as QueueUpdate | null;
    return typeof update?.event === 'string' && typeof update.job_id === 'string' ? update : undefined;
  } catch {
    return undefined;
  }
}
