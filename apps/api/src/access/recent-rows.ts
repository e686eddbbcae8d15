import { withDeadline } from '../redis/with-deadline.js';

interface Entry<T> {
  row: Promise<T | undefined>;
  at: number;
}

/** How rows are remembered. */
export interface RecentRowsOptions {
  /** Milliseconds after which a row is read anew. */
  readonly maxAgeMs: number;
  /** Milliseconds for which a row that was found still counts when the database does not answer. */
  readonly maxStaleMs: number;
  /** Milliseconds to wait for the database. */
  readonly deadlineMs: number;
  /** Most rows that are remembered. */
  readonly most: number;
}

export const DEFAULT_MEMORY: RecentRowsOptions = {
  maxAgeMs: 1000,
  maxStaleMs: 300_000,
  deadlineMs: 3000,
  most: 10_000,
};

/**
 * Rows of a table by their ids, read at most once a second each: what another process changes holds here within that
 * time. While the database is away nobody can revoke anything, so what was found before holds some minutes longer.
 */
export class RecentRows<T extends object> {
  private readonly entries = new Map<string, Entry<T>>();
  private readonly lastFound = new Map<string, { row: T; at: number }>();

  constructor(
    private readonly load: (id: string) => Promise<T | undefined>,
    private readonly options: RecentRowsOptions = DEFAULT_MEMORY,
  ) {}

  /** @throws what the database says, when it does not answer and the row was not seen lately. */
  async find(id: string): Promise<T | undefined> {
    const now = Date.now();
    const known = this.entries.get(id);
    const entry = known && now - known.at < this.options.maxAgeMs ? known : this.start(id, now);
    try {
      return await entry.row;
    } catch (error) {
      const last = this.lastFound.get(id);
      if (last && now - last.at < this.options.maxStaleMs) return last.row;
      throw error;
    }
  }

  /** Forgets a row that was changed here: the next look reads it. */
  forget(id: string): void {
    this.entries.delete(id);
    this.lastFound.delete(id);
  }

  private start(id: string, at: number): Entry<T> {
    const entry = { row: withDeadline(this.load(id), this.options.deadlineMs), at };
    keepBounded(this.entries, id, entry, this.options.most);
    entry.row.then(
      (row) => this.note(id, entry, row),
      // Whoever waits gets the error; the others go on asking at most once a second.
      () => undefined,
    );
    return entry;
  }

  private note(id: string, entry: Entry<T>, row: T | undefined): void {
    if (this.entries.get(id) !== entry) return; // changed meanwhile
    if (row) keepBounded(this.lastFound, id, { row, at: entry.at }, this.options.most);
    else this.lastFound.delete(id);
  }
}

/** Sets an entry, as the newest; the oldest goes when there are too many. */
function keepBounded<T>(map: Map<string, T>, id: string, entry: T, most: number): void {
  map.delete(id);
  map.set(id, entry);
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
