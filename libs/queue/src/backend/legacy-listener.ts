import { EventEmitter } from 'node:events';
import type { ConnectionOptions } from 'bullmq';
import { Connection } from './connection.js';
import type { QueueKeys } from './keys.js';
import type { RedisClient, Scripts } from './scripts.js';

/** Messages heard while busy before the subscription is given up: a busy worker finds jobs by claiming. */
const IDLE_MESSAGES = 64;

/** What `<p>updates` says of an added job; other messages are not even parsed. */
function addedId(message: string): string | undefined {
  if (!message.includes('"job_added"')) return undefined;
  try {
    const { event, job_id: id } = JSON.parse(message) as { event?: unknown; job_id?: unknown };
    return event === 'job_added' && typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}

const ENDS = ['"job_completed"', '"job_failed"', '"job_cancelled"'];

/**
 * Hears of jobs that legacy services add while a worker has nothing to do, and adopts them at once, which
 * wakes one worker; of jobs that end too, while the queue is at its limit. Subscribed only while somebody listens, so that a busy worker reads no messages.
 */
export class LegacyListener extends EventEmitter {
  private connection: Connection | undefined;
  private subscribed: Promise<void> | undefined;
  private waiting = false;
  private heardBusy = 0;
  private announced: string[] = [];
  private adopting = false;
  private heldUp = false;
  private ended = false;
  private closed = false;

  constructor(
    private readonly target: ConnectionOptions | undefined,
    private readonly keys: QueueKeys,
    private readonly scripts: Scripts,
  ) {
    super();
  }

  /**
   * Starts to listen. What was added before the subscription held, or between the last claim and this
   * call, is looked for once.
   *
   * @param heldUp whether an end of a job can let a worker go on.
   */
  async listen(heldUp = false): Promise<void> {
    this.waiting = true;
    this.heldUp = heldUp;
    this.ended = heldUp;
    this.heardBusy = 0;
    if (!this.subscribed) {
      this.subscribed = this.subscribe();
      await this.subscribed;
    } else if (this.announced.length > 0 || this.ended) {
      await this.adopt();
    }
  }

  /** Says that nobody waits just now. */
  rest(): void {
    this.waiting = false;
  }

  async close(force: boolean): Promise<void> {
    this.closed = true;
    this.waiting = false;
    await this.connection?.close(force || this.connection.client.status !== 'ready');
  }

  private async subscribe(): Promise<void> {
    if (!this.connection) {
      this.connection = new Connection(this.target);
      this.connection.on('error', (error) => this.emit('error', error));
      // ioredis would subscribe again by itself, and nobody could catch it failing when this is closed just then.
      (this.connection.client.options as { autoResubscribe?: boolean }).autoResubscribe = false;
      this.connection.on('ready', () => void this.subscribeAgain());
      this.connection.client.on('message', (_channel: string, message: string) => this.onMessage(message));
    }
    await this.connection.client.subscribe(this.keys.updates);
    await this.adopt();
  }

  /** A lost connection loses messages: look again once it is back. */
  private async subscribeAgain(): Promise<void> {
    try {
      if (this.subscribed) await this.connection?.client.subscribe(this.keys.updates);
    } catch {
      return; // closed, or lost again: then it is ready again later
    }
    await this.adopt();
  }

  private onMessage(message: string): void {
    if (!this.waiting) {
      this.heardBusy += 1;
      if (this.heardBusy > IDLE_MESSAGES) return this.unsubscribe();
    }
    const id = addedId(message);
    if (id !== undefined) this.announced.push(id);
    else if (this.heldUp && ENDS.some((end) => message.includes(end))) this.ended = true;
    else return;
    if (this.waiting) void this.adopt();
  }

  private unsubscribe(): void {
    if (!this.subscribed) return;
    this.subscribed = undefined;
    this.announced = [];
    const client = this.connection?.client as RedisClient;
    client.unsubscribe(this.keys.updates).catch(() => undefined);
  }

  /** A job was added that nobody may claim now: from here on an end counts, and one that came meanwhile. */
  private noteLimit(reached: boolean): void {
    if (!reached || this.heldUp) return;
    this.heldUp = true;
    this.ended = true;
  }

  /** One call at a time; what is announced meanwhile goes into the next. */
  private async adopt(): Promise<void> {
    if (this.adopting || this.closed) return;
    this.adopting = true;
    try {
      do {
        const ids = this.announced.splice(0, 100);
        this.noteLimit((await this.scripts.run<number>('adoptAdded', '0', ...ids)) === 2);
        if (this.ended) {
          this.ended = false;
          await this.scripts.run('noteEnds');
        }
      } while (this.announced.length > 0 || this.ended);
    } catch (error) {
      if (!this.closed) this.emit('error', error);
    } finally {
      this.adopting = false;
    }
  }
}
