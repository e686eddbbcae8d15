/** What is looked for, and what comes in its place. */
export interface Replacement {
  readonly find: Buffer;
  readonly put: Buffer;
}

/** Replaces byte sequences in a stream, also where one begins in one chunk and ends in another. */
export class BytesReplacer {
  private readonly heldBack: number;
  private rest: Buffer = Buffer.alloc(0);

  /** @param replacements where two begin at the same place, the first in this list is taken. */
  constructor(private readonly replacements: readonly Replacement[]) {
    this.heldBack = Math.max(0, ...replacements.map(({ find }) => find.length - 1));
  }

  /** Takes a chunk. @returns what is certain of it and what came before */
  push(chunk: Buffer): Buffer {
    const bytes = Buffer.concat([this.rest, chunk]);
    // What begins before this place lies in these bytes as a whole.
    return this.replace(bytes, Math.max(0, bytes.length - this.heldBack));
  }

  /** @returns what is left */
  end(): Buffer {
    return this.replace(this.rest, this.rest.length);
  }

  private replace(bytes: Buffer, limit: number): Buffer {
    const out: Buffer[] = [];
    const places = this.replacements.map(({ find }) => bytes.indexOf(find));
    let from = 0;
    for (;;) {
      const next = this.earliest(places);
      const at = next === undefined ? -1 : (places[next] as number);
      if (next === undefined || at >= limit) break;
      const { find, put } = this.replacements[next] as Replacement;
      out.push(bytes.subarray(from, at), put);
      from = at + find.length;
      // Only those passed by are looked for again: a chunk is never searched twice for the same.
      this.replacements.forEach((replacement, index) => {
        const place = places[index] as number;
        if (place !== -1 && place < from) places[index] = bytes.indexOf(replacement.find, from);
      });
    }
    const end = Math.max(from, limit);
    out.push(bytes.subarray(from, end));
    this.rest = bytes.subarray(end);
    return Buffer.concat(out);
  }

  private earliest(places: readonly number[]): number | undefined {
    let best: number | undefined;
    places.forEach((place, index) => {
      if (place !== -1 && (best === undefined || place < (places[best] as number))) best = index;
    });
    return best;
  }
}
