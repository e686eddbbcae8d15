import type { Running } from '../backend/running.js';

/** Lease of a job that a program dequeued by hand, in ms; extended three times within it. */
export const LEASE_MS = 30_000;

/**
 * Keeps the leases of jobs that were dequeued by hand for as long as this process lives: when it dies,
 * they end and the jobs are put back.
 */
export class LeaseKeeper {
  private readonly tokens = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  /** While Redis is slow, rounds must not pile up. */
  private extending = false;

  constructor(
    private readonly running: Running,
    private readonly onLost: (id: string) => void,
  ) {}

  keep(id: string, token: string): void {
    this.tokens.set(id, token);
    this.timer ??= setInterval(() => void this.extend(), LEASE_MS / 3).unref();
  }

  drop(id: string): void {
    this.tokens.delete(id);
    if (this.tokens.size === 0) this.stop();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async extend(): Promise<void> {
    if (this.extending) return;
    this.extending = true;
    const ids = [...this.tokens.keys()];
    try {
      const lost = await this.running.extend(ids, [...this.tokens.values()], LEASE_MS);
      for (const id of lost) {
        this.drop(id);
        this.onLost(id);
      }
    } catch {
      // Redis is away: the next round tries again, and the lease decides.
    } finally {
      this.extending = false;
    }
  }
}
