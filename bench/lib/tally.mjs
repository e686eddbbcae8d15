/** Counts how often each of the jobs 0 to `total` - 1 was seen: it must be once. */
export class Tally {
  constructor(total, counts = new Uint8Array(total)) {
    this.total = total;
    this.counts = counts;
  }

  /** @throws {Error} for a job that nobody added */
  add(number) {
    if (!(number >= 0 && number < this.total))
      throw new Error(`a job was run that was never added: ${number}`);
    if (this.counts[number] < 255) this.counts[number] += 1;
  }

  /** What several processes saw together. */
  static sum(total, parts) {
    const whole = new Tally(total);
    for (const counts of parts) counts.forEach((count, number) => (whole.counts[number] += count));
    return whole;
  }

  /** @throws {Error} unless every job was run exactly once */
  check(what) {
    const { once, more } = this.#count();
    if (more === 0 && once === this.total) return;
    throw new Error(`${what}: of ${this.total} jobs ${once} were run exactly once, ${more} more often`);
  }

  /** @throws {Error} unless at least so many of the jobs were run, and none of them twice */
  checkPart(what, atLeast) {
    const { once, more } = this.#count();
    if (more === 0 && once >= atLeast) return;
    throw new Error(
      `${what}: ${once} jobs were run exactly once, not ${atLeast} or more; ${more} more often`,
    );
  }

  #count() {
    let once = 0;
    let more = 0;
    for (const count of this.counts) {
      if (count === 1) once += 1;
      else if (count > 1) more += 1;
    }
    return { once, more };
  }
}
