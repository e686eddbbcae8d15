import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { EmbeddedDatabaseStoppedError, reasonOf } from './errors.js';

const FILE = fileURLToPath(new URL('./pglite-thread.mjs', import.meta.url));

/**
 * Megabytes of stack; a page costs memory only once it is used. With Node's 4 a deeply nested JSON overflows it, which destroys
 * PostgreSQL's state; with enough of it PostgreSQL's own limit comes first, and is an ordinary error.
 */
const STACK_MB = 32;

/** What the thread says: see pglite-thread.mjs. */
type Said = { crashed: string } | { id: number; answer: Uint8Array };

interface Pending {
  resolve(answer: Uint8Array): void;
  reject(error: Error): void;
}

/** A PGlite that is open in a thread of its own. It does one thing after the other. */
export class EmbeddedThread {
  private readonly pending = new Map<number, Pending>();
  private readonly onEnd = new Set<(error: Error) => void>();
  private lastId = 0;
  private isClosing = false;
  private end: EmbeddedDatabaseStoppedError | undefined;
  private reason: unknown;

  private constructor(private readonly worker: Worker) {
    worker.on('message', (said: Said) => this.hear(said));
    worker.on('error', (error: unknown) => (this.reason ??= error));
    worker.on('exit', (code) => this.ended(code));
  }

  /** @throws {EmbeddedDatabaseStoppedError} when the folder cannot be opened; its cause says why. */
  static async open(folder: string, stackMb = STACK_MB): Promise<EmbeddedThread> {
    const worker = new Worker(FILE, {
      name: 'database',
      workerData: { folder },
      resourceLimits: { stackSizeMb: stackMb },
    });
    const thread = new EmbeddedThread(worker);
    // The thread says that it is open as if it had been asked for that.
    await new Promise((resolve, reject) => thread.pending.set(0, { resolve, reject }));
    worker.unref();
    return thread;
  }

  /** Whether it can be asked. */
  get isAlive(): boolean {
    return this.end === undefined && !this.isClosing;
  }

  /**
   * Hands over messages of the PostgreSQL protocol, and resolves with the answer.
   *
   * @param message is no longer usable afterwards.
   * @throws {EmbeddedDatabaseStoppedError} when the thread ends before.
   */
  ask(message: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    return this.request({ message }, [message.buffer]);
  }

  /** Makes it as it is for a new connection. */
  async reset(): Promise<void> {
    await this.request({ reset: true });
  }

  /** Calls `listener` once the thread ends without having been closed. @returns what takes that back. */
  whenStopped(listener: (error: Error) => void): () => void {
    this.onEnd.add(listener);
    return () => this.onEnd.delete(listener);
  }

  /** Closes the database after what it was asked before, and ends the thread. */
  async close(): Promise<void> {
    if (!this.isAlive) return;
    this.isClosing = true;
    this.worker.ref();
    const exit = new Promise((done) => this.worker.once('exit', done));
    this.worker.postMessage({ id: 0, close: true });
    await exit;
  }

  /** Ends the thread at once, as a crash would. */
  async kill(): Promise<void> {
    await this.worker.terminate();
  }

  private request(what: object, transfer: ArrayBuffer[] = []): Promise<Uint8Array> {
    if (!this.isAlive) return Promise.reject(this.end ?? new EmbeddedDatabaseStoppedError('it was closed'));
    const id = ++this.lastId;
    // A process does not end while it waits for an answer.
    if (this.pending.size === 0) this.worker.ref();
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.worker.postMessage({ id, ...what }, transfer);
    });
  }

  private hear(said: Said): void {
    if ('crashed' in said) return void (this.reason = new Error(said.crashed));
    this.pending.get(said.id)?.resolve(said.answer);
    this.pending.delete(said.id);
    if (this.pending.size === 0 && !this.isClosing) this.worker.unref();
  }

  private ended(code: number): void {
    const why = this.reason === undefined ? `its thread ended with code ${code}` : reasonOf(this.reason);
    this.end = new EmbeddedDatabaseStoppedError(why, this.reason);
    for (const { reject } of this.pending.values()) reject(this.end);
    this.pending.clear();
    for (const tell of this.onEnd) tell(this.end);
    this.onEnd.clear();
  }
}
