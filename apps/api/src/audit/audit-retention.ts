import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { DataSource } from 'typeorm';

const DAY_MS = 86_400_000;
const EVERY_MS = 3_600_000;
const ROWS_A_STEP = 5000;

/** Removes old rows of the audit log, once an hour, in steps that are short. */
export class AuditRetention implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Audit');
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<number> | undefined;
  private isStopping = false;

  /** @param days how long rows are kept; 0 = for ever. */
  constructor(
    private readonly database: DataSource,
    private readonly days: number,
  ) {}

  onApplicationBootstrap(): void {
    if (this.days === 0) return;
    const sweep = () =>
      void this.sweep().catch((error: Error) => this.logger.warn(`old rows stay for now: ${error.message}`));
    sweep();
    this.timer = setInterval(sweep, EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearInterval(this.timer);
    await this.running?.catch(() => undefined);
  }

  /** Removes what is too old. @returns how many rows. */
  sweep(now = Date.now()): Promise<number> {
    this.running ??= this.removeBefore(new Date(now - this.days * DAY_MS)).finally(
      () => (this.running = undefined),
    );
    return this.running;
  }

  private async removeBefore(time: Date): Promise<number> {
    let all = 0;
    while (!this.isStopping) {
      const removed = await this.database.query<{ count: number }[]>(
        `WITH old AS (
           DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE at < $1 ORDER BY at LIMIT ${ROWS_A_STEP}) RETURNING 1
         ) SELECT count(*)::int AS count FROM old`,
        [time],
      );
      const count = removed[0]?.count ?? 0;
      all += count;
      if (count < ROWS_A_STEP) break;
    }
    return all;
  }
}
