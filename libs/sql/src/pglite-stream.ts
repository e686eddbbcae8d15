import { Duplex } from 'node:stream';
import type { EmbeddedThread } from './embedded-thread.js';

/** First byte of the driver's goodbye. The database goes on without it. */
const TERMINATE = 0x58;

/**
 * A connection of the `pg` driver to the embedded database, in place of a socket. PGlite has one session: there may be one connection
 * at a time, and each begins with what the one before left undone rolled back. When the database's thread dies, the
 * connection breaks, as that to a server would.
 */
export class PgliteStream extends Duplex {
  private thread: EmbeddedThread | undefined;
  private forget: () => void = () => undefined;

  constructor(private readonly session: () => Promise<EmbeddedThread>) {
    super({ allowHalfOpen: false });
  }

  /** Called by the driver in place of a socket's. */
  connect(): this {
    this.begin().then(
      () => this.emit('connect'),
      (error: unknown) => this.destroy(error as Error),
    );
    return this;
  }

  private async begin(): Promise<void> {
    this.thread = await this.session();
    this.forget = this.thread.whenStopped((error) => this.destroy(error));
    await this.thread.reset();
  }

  override _read(): void {
    // What the database answers is pushed as it comes.
  }

  override _write(message: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.hand([message], done);
  }

  /** What the driver writes at once (parse, bind, execute, sync) is one way to the thread and back. */
  override _writev(
    messages: { chunk: Buffer; encoding: string }[],
    done: (error?: Error | null) => void,
  ): void {
    this.hand(
      messages.map(({ chunk }) => chunk),
      done,
    );
  }

  /** The driver writes whole messages, so they can be handed on as they are. */
  private hand(messages: readonly Buffer[], done: (error?: Error | null) => void): void {
    const all = joined(messages.filter(([kind]) => kind !== TERMINATE));
    if (!this.thread || all.length === 0) return done();
    this.thread.ask(all).then(
      ({ buffer, byteOffset, byteLength }) => {
        if (byteLength > 0) this.push(Buffer.from(buffer, byteOffset, byteLength));
        done();
      },
      (error: unknown) => done(error as Error),
    );
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.forget();
    done(error);
  }

  // What the driver calls on sockets and means nothing here.
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

/** In memory of its own: it goes to another thread. */
function joined(messages: readonly Buffer[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(messages.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const message of messages) {
    all.set(message, at);
    at += message.length;
  }
  return all;
}
