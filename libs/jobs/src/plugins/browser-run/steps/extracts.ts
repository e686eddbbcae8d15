import { ExtractTooLargeError } from '../errors.js';

/** A text, null where an attribute is missing, or a list of them. */
export type Extract = string | null | (string | null)[];

/** What the extract steps of a job took, with a limit for all of it. */
export class Extracts {
  readonly data: Record<string, Extract> = {};
  private left: number;

  constructor(readonly maxBytes: number) {
    this.left = maxBytes;
  }

  /** Most characters that can still be taken. */
  get room(): number {
    return this.left;
  }

  /** @throws {ExtractTooLargeError} */
  add(name: string, value: Extract): void {
    this.left -= Buffer.byteLength(JSON.stringify({ [name]: value }));
    if (this.left < 0) throw new ExtractTooLargeError(this.maxBytes);
    this.data[name] = value;
  }
}
