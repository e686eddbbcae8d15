import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { atEnd } from './ending.mjs';
import { cleanEnvironment } from './environment.mjs';

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url));
const PATIENCE_MS = 15 * 60_000;
const CLOSING_MS = 60_000;

/**
 * A fresh process that plays one role (bench/roles) for one peer: no measurement suffers from the garbage of the
 * one before. It gets ready first, and starts when it is told to.
 */
export class Client {
  done = 0;
  closed = false;
  #waiters = [];
  #received = new Map();
  #failure;

  /** @param task `{ peer, role, address, queue, ... }`: the rest is what the role and the peer need */
  constructor(task) {
    this.what = `${task.peer} (${task.role})`;
    this.child = fork(CHILD, { env: cleanEnvironment(), serialization: 'advanced' });
    this.undo = atEnd(() => this.#kill());
    this.child.on('message', (message) => this.#take(message));
    this.child.on('error', (error) => this.#fail(error));
    this.child.on('exit', (code, signal) =>
      this.#fail(new Error(`${this.what} ended early: ${signal ?? code}`)),
    );
    this.child.send({ task });
  }

  /** Waits until it is connected and ready, and returns it. */
  async ready() {
    await this.#message('ready');
    return this;
  }

  /** Tells it to start. */
  go() {
    this.child.send({ go: true });
  }

  /** What it found, after it did its work or was told to stop. */
  result() {
    return this.#message('result');
  }

  /** Tells it to stop working, and returns what it found. */
  stop() {
    this.child.send({ stop: true });
    return this.result();
  }

  /** What the store says about its jobs now. */
  counts() {
    this.#received.delete('counts');
    this.child.send({ count: true });
    return this.#message('counts');
  }

  /**
   * Lets it close its connections and end.
   * @throws {Error} what went wrong in it before, if something did
   */
  async close() {
    if (this.#failure) throw this.#failure;
    this.child.removeAllListeners('exit');
    const ended = once(this.child, 'exit', { signal: AbortSignal.timeout(CLOSING_MS) });
    this.child.send({ close: true });
    const [code, signal] = await ended;
    this.closed = true;
    void this.undo();
    if (code !== 0) throw new Error(`${this.what} did not end well: ${signal ?? code}`);
  }

  /** Waits until `isReached`, which may look at `done` of several clients. */
  reached(isReached) {
    return this.#wait(() => (isReached() ? { value: true } : undefined));
  }

  #message(kind) {
    return this.#wait(() => (this.#received.has(kind) ? { value: this.#received.get(kind) } : undefined));
  }

  #take(message) {
    if (message.error) this.#fail(new Error(`${this.what}: ${message.error}`));
    if (message.done !== undefined) this.done = message.done;
    if (message.kind) this.#received.set(message.kind, message.value);
    this.onProgress?.();
    this.wake();
  }

  #fail(error) {
    this.#failure ??= error;
    this.onProgress?.();
    this.wake();
  }

  /** Looks again at what is waited for. */
  wake() {
    for (const waiter of [...this.#waiters]) waiter();
  }

  #wait(look) {
    return new Promise((resolve, reject) => {
      const late = () => settle(() => reject(new Error(`${this.what} took too long`)));
      const timer = setTimeout(late, PATIENCE_MS);
      const settle = (end) => {
        clearTimeout(timer);
        this.#waiters = this.#waiters.filter((waiter) => waiter !== check);
        end();
      };
      const check = () => {
        const found = look();
        if (found) settle(() => resolve(found.value));
        else if (this.#failure) settle(() => reject(this.#failure));
      };
      this.#waiters.push(check);
      check();
    });
  }

  async #kill() {
    this.child.removeAllListeners('exit');
    if (!this.closed) this.#fail(new Error(`${this.what} was ended`)); // nobody may wait for it any longer
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}
