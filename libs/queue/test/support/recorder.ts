import { Redis } from 'ioredis';
import { waitFor } from '../../../../tests/support/wait.js';

const MARK = 'recorder: all published until now has arrived';

/** Records what is published on one channel. */
export class Recorder {
  /** Resolves once nothing published is missed. */
  readonly ready: Promise<unknown>;
  private readonly messages: string[] = [];
  private marks = 0;
  private readonly subscriber: Redis;

  constructor(
    url: string,
    private readonly channel: string,
    private readonly publisher: Redis,
  ) {
    this.subscriber = new Redis(url, { maxRetriesPerRequest: null });
    this.subscriber.on('error', () => undefined);
    this.subscriber.on('message', (_channel, message: string) => {
      if (message === MARK) this.marks += 1;
      else this.messages.push(message);
    });
    this.ready = this.subscriber.subscribe(channel);
  }

  /** Every message published until now, as its text. */
  async texts(): Promise<string[]> {
    const before = this.marks;
    await this.publisher.publish(this.channel, MARK);
    await waitFor(() => this.marks > before, { what: 'the recorder to catch up' });
    return [...this.messages];
  }

  /** The same texts with every timestamp written as 0. */
  async undated(): Promise<string[]> {
    return (await this.texts()).map((text) => text.replace(/"timestamp":\d+/, '"timestamp":0'));
  }

  async close(): Promise<void> {
    this.subscriber.disconnect();
    await Promise.resolve();
  }
}

/** A message of the contract as Go writes it, dated 0. */
export function message(event: string, id: string, status: string, priority?: number): string {
  const middle = priority === undefined ? '' : `"priority":${priority},`;
  return `{"data":{"job_id":"${id}",${middle}"status":"${status}"},"event":"${event}","job_id":"${id}","timestamp":0}`;
}
