import { EmbeddedThread } from './embedded-thread.js';
import { EmbeddedDatabaseStoppedError, reasonOf } from './errors.js';

/** A thread that lived so long did not die of how the database is: the next one is started at once. */
const HEALTHY_MS = 60_000;
const SHORTEST_REST_MS = 1000;
const LONGEST_REST_MS = 30_000;

/** What an engine can be told. */
export interface EngineOptions {
  /** Told when the database stopped, and when it could be opened again. */
  onTrouble?: ((text: string) => void) | undefined;
  /** Megabytes of the thread's stack; the default is enough for PostgreSQL. */
  stackMb?: number | undefined;
}

/** The embedded database: opened again, when it is asked next, after its thread has died. */
export class EmbeddedEngine {
  private thread: Promise<EmbeddedThread>;
  private openedAt = Date.now();
  private restMs = 0;
  private lastError: Error | undefined;
  private isClosed = false;

  private constructor(
    private readonly folder: string,
    private readonly options: EngineOptions,
    first: EmbeddedThread,
  ) {
    this.thread = Promise.resolve(first);
    this.watch(first);
  }

  /** @throws {EmbeddedDatabaseStoppedError} when the folder cannot be opened. */
  static async open(folder: string, options: EngineOptions = {}): Promise<EmbeddedEngine> {
    return new EmbeddedEngine(folder, options, await EmbeddedThread.open(folder, options.stackMb));
  }

  /**
   * The thread to talk to.
   *
   * @throws {EmbeddedDatabaseStoppedError} when it has died and cannot be opened again; after each failure there is a rest, up to
   * 30 s, in which nothing is tried.
   */
  async session(): Promise<EmbeddedThread> {
    if (this.lastError && !this.isClosed) this.openAgain(this.lastError);
    return this.thread;
  }

  /** Closes the database and ends its thread. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.thread.then(
      (thread) => thread.close(),
      () => undefined,
    );
  }

  private openAgain(error: Error): void {
    if (Date.now() < this.openedAt + this.restMs) return;
    this.lastError = undefined;
    this.openedAt = Date.now();
    this.thread = EmbeddedThread.open(this.folder, this.options.stackMb);
    this.thread.then(
      (thread) => {
        this.options.onTrouble?.(`the embedded database was opened again after: ${error.message}`);
        this.watch(thread);
      },
      (reason: unknown) => this.stopped(reason),
    );
  }

  private watch(thread: EmbeddedThread): void {
    thread.whenStopped((error) => this.stopped(error));
  }

  private stopped(reason: unknown): void {
    if (this.isClosed) return;
    const error =
      reason instanceof EmbeddedDatabaseStoppedError
        ? reason
        : new EmbeddedDatabaseStoppedError(reasonOf(reason), reason);
    const isHealthy = Date.now() - this.openedAt > HEALTHY_MS;
    this.restMs = isHealthy ? 0 : Math.min(LONGEST_REST_MS, Math.max(SHORTEST_REST_MS, this.restMs * 2));
    this.lastError = error;
    this.thread = Promise.reject(error);
    // Whoever asks next is told.
    this.thread.catch(() => undefined);
    this.options.onTrouble?.(error.message);
  }
}
