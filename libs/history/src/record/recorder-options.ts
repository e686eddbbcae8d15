import type { EventFeed } from '#libs/queue';
import type { DataSource } from 'typeorm';
import type { RowContext } from './job-row.js';

/** What a recorder of one queue works with. */
export interface RecorderOptions extends RowContext {
  feed: EventFeed;
  database: DataSource;
  /** Name among the readers of the group, unique in all processes. */
  consumer: string;
  /** Whether no other process can write to this database: what is not acknowledged is then ours. */
  isAlone: boolean;
  /** See {@link EventWaiter}. */
  waiter: { wait(id: string, ms: number): Promise<void>; close(): void };
  /** Unfinished jobs of which nothing was heard for so long are looked for in Redis. Default: 60 s. */
  unseenMs?: number;
  log: { warn(text: string): void; error(text: string): void };
}
