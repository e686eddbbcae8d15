import type { PoolConfig } from 'pg';

/** A PostgreSQL that is ready to be connected to, wherever it runs. */
export interface Server {
  readonly kind: 'embedded' | 'postgres';
  /** How the driver's pool connects. */
  readonly pool: PoolConfig;
  /** Does `work` while no other process does the same. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** Called when nothing is connected any more. */
  close(): Promise<void>;
}
