import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { withDeadline } from '../redis/with-deadline.js';
import type { NewAuditRow } from './audit-row.entity.js';

/** Rows that wait to be written at most; beyond that rows are lost, and counted. */
const MOST_WAITING = 20_000;
const ROWS_A_WRITE = 1000;
const EVERY_MS = 250;
/** After a write that failed. */
const AGAIN_MS = 2000;
const SHUTDOWN_MS = 5000;

const COLUMNS =
  'at, who, role, via, action, method, path, target, what, outcome, status, code, address, user_agent, request_id';

const INSERT = `
  INSERT INTO audit_log (${COLUMNS})
  SELECT ${COLUMNS} FROM jsonb_to_recordset($1::jsonb) AS row (
    at timestamptz, who text, role text, via text, action text, method text, path text, target jsonb, what jsonb,
    outcome text, status smallint, code text, address text, user_agent text, request_id text
  )`;

const UNSTORABLE = /[\0\p{Cs}]/gu;

/**
 * Writes the audit log: what is done waits in memory for a moment and is written in batches, so that no request waits
 * for it. While the database is away it keeps the latest; what does not fit is counted and said in the log.
 */
@Injectable()
export class AuditLog implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Audit');
  private waiting: NewAuditRow[] = [];
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  private lostRows = 0;
  private saidLost = 0;
  private isAway = false;

  constructor(private readonly database: DataSource) {}

  /** How many rows were lost since the start. */
  get lost(): number {
    return this.lostRows;
  }

  /** Hands a row over; it is written within a second. */
  add(row: NewAuditRow): void {
    if (this.waiting.length >= MOST_WAITING) {
      this.lostRows++;
      return;
    }
    this.waiting.push(row);
    this.timer ??= setTimeout(() => void this.flush(), EVERY_MS).unref();
  }

  /** Writes all that waits. Never fails: what could not be written waits on. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing ??= this.write().finally(() => (this.writing = undefined));
    return this.writing;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.writing;
    await withDeadline(this.flush(), SHUTDOWN_MS).catch(() => undefined);
    clearTimeout(this.timer);
    this.lostRows += this.waiting.length;
    this.sayLost();
  }

  private async write(): Promise<void> {
    while (this.waiting.length > 0) {
      const rows = this.waiting.slice(0, ROWS_A_WRITE);
      try {
        await this.database.query(INSERT, [toJson(rows)]);
      } catch (error) {
        return this.wait(error);
      }
      this.waiting = this.waiting.slice(rows.length);
      this.isAway = false;
    }
    this.sayLost();
  }

  private wait(error: unknown): void {
    if (!this.isAway) this.logger.error(`the audit log cannot be written: ${(error as Error).message}`);
    this.isAway = true;
    this.timer ??= setTimeout(() => void this.flush(), AGAIN_MS).unref();
  }

  private sayLost(): void {
    if (this.lostRows === this.saidLost) return;
    this.logger.error(
      `${this.lostRows - this.saidLost} rows of the audit log are lost: the database was away for too long`,
    );
    this.saidLost = this.lostRows;
  }
}

/** PostgreSQL's text has no NUL, and no halves of surrogate pairs: they become U+FFFD. */
function toJson(rows: readonly NewAuditRow[]): string {
  const plain = (_name: string, value: unknown) =>
    typeof value === 'string' ? value.replaceAll(UNSTORABLE, '\uFFFD') : value;
  return JSON.stringify(
    rows.map(({ userAgent, requestId, ...row }) => ({
      ...row,
      user_agent: userAgent,
      request_id: requestId,
    })),
    plain,
  );
}
