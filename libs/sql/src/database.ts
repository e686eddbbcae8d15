import type { DataSource } from 'typeorm';
import type { Server } from './server.js';

/** A part of the program that keeps something in the database. */
export interface DatabasePart {
  /** For messages. */
  readonly name: string;
  /** Classes with `@Entity`. Tables of all parts share one schema: names are unique. */
  // eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- what TypeORM calls a class
  readonly entities: readonly Function[];
  /** Classes of migrations, named with 13 digits at the end (ms since 1970), by which those of all parts are ordered. */
  // eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- what TypeORM calls a class
  readonly migrations: readonly Function[];
}

/** The open database of a process. */
export class Database {
  private closing: Promise<void> | undefined;

  constructor(
    readonly dataSource: DataSource,
    private readonly server: Server,
  ) {}

  /** `embedded`: in a thread of this process, one connection; `postgres`: a server of its own. */
  get kind(): 'embedded' | 'postgres' {
    return this.server.kind;
  }

  /** Ends all connections, and what is embedded. Work under way is finished first; safe to be called twice. */
  close(): Promise<void> {
    this.closing ??= this.dataSource.destroy().finally(() => this.server.close());
    return this.closing;
  }
}
