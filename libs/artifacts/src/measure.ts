import { Transform, type TransformCallback } from 'node:stream';

/** Counts the bytes that pass. */
export class Measure extends Transform {
  size = 0;

  /** @param check called with the bytes so far; what it throws ends the stream. */
  constructor(private readonly check: (size: number) => void) {
    super();
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.size += chunk.length;
    try {
      this.check(this.size);
      done(null, chunk);
    } catch (error) {
      done(error as Error);
    }
  }
}
