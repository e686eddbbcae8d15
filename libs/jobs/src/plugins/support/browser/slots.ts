/** A fixed number of places; who finds none free waits in line. */
export class Slots {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  /**
   * Takes a place, after those who asked before.
   *
   * @returns gives it back; calling it again does nothing.
   * @throws the signal's reason, when it fires first.
   */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.free > 0) this.free -= 1;
    else await this.turn(signal);
    let held = true;
    return () => {
      if (held) this.giveBack();
      held = false;
    };
  }

  private turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const mine = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.waiting.splice(this.waiting.indexOf(mine), 1);
        reject(signal.reason as Error);
      };
      this.waiting.push(mine);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  private giveBack(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.free += 1;
  }
}
