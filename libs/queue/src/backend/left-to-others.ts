/** Most ids that are left; beyond it the oldest are forgotten. */
const MOST = 100;

/** Jobs that this process handed back because it cannot run them, each for a while. */
export class LeftToOthers {
  private readonly until = new Map<string, number>();

  add(id: string, ms: number): void {
    this.until.delete(id);
    this.until.set(id, performance.now() + ms);
    const [oldest] = this.until.keys();
    if (this.until.size > MOST && oldest !== undefined) this.until.delete(oldest);
  }

  /** @returns the ids as a JSON array, or '' when there are none. */
  json(): string {
    if (this.until.size === 0) return '';
    const now = performance.now();
    for (const [id, until] of this.until) if (until <= now) this.until.delete(id);
    return this.until.size === 0 ? '' : JSON.stringify([...this.until.keys()]);
  }
}
