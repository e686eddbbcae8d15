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

  /**
   * @param exactly how many jobs were to be run; the others must not have been run at all
   * @throws {Error} that says how many jobs were run twice, or not at all
   */
  check(what, exactly = this.total) {
    const twice = this.counts.reduce((sum, count) => sum + (count > 1 ? 1 : 0), 0);
    const once = this.counts.reduce((sum, count) => sum + (count === 1 ? 1 : 0), 0);
    if (twice === 0 && once === exactly) return;
    throw new Error(`${what}: of ${exactly} jobs ${once} were run exactly once, ${twice} more often`);
  }
}
