import { Duplex } from 'node:stream';
import type { PGlite } from '@electric-sql/pglite';

/**
 * A connection of the `pg` driver to a PGlite of this process, in place of a socket. PGlite has one session:
 * there may be one connection at a time, and each begins with what the one before left undone rolled back.
 */
export class PgliteStream extends Duplex {
  constructor(private readonly database: PGlite) {
    super({ allowHalfOpen: false });
  }

  /** Called by the driver in place of a socket's. */
  connect(): this {
    this.reset().then(
      () => this.emit('connect'),
      (error: unknown) => this.destroy(error as Error),
    );
    return this;
  }

  private async reset(): Promise<void> {
    await this.database.exec('ROLLBACK');
    await this.database.exec('DISCARD ALL');
  }

  override _read(): void {
    // What PGlite answers is pushed as it comes.
  }

  /** The driver writes whole messages, so each can be handed on as it is. */
  override _write(message: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.database.execProtocolRaw(message).then(
      (answer) => {
        if (answer.length > 0) this.push(Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength));
        done();
      },
      (error: unknown) => done(error as Error),
    );
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
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
