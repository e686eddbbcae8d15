import { waitFor } from '../../support/wait.js';
import type { Exit, LineProcess } from './line-process.js';

export type GoStep = 'running' | 'completed' | 'failed' | 'requeued' | 'cancelled';

/** A Go worker's loop in a process of its own. */
export class GoWorker {
  constructor(private readonly process: LineProcess) {}

  /** What it did so far, in order. */
  get steps(): { id: string; step: GoStep }[] {
    return this.process.lines
      .map((line) => JSON.parse(line) as { id: string; step: GoStep })
      .filter(({ id }) => id !== undefined);
  }

  /** Ids of the jobs that took this step, in order. */
  ids(step: GoStep): string[] {
    return this.steps.filter((taken) => taken.step === step).map(({ id }) => id);
  }

  /** What went wrong, as text; empty when nothing did. */
  get errors(): string {
    return this.process.errors;
  }

  get exited(): Promise<Exit> {
    return this.process.exited;
  }

  async waitForStep(id: string, step: GoStep): Promise<void> {
    await waitFor(() => this.ids(step).includes(id), {
      what: `the Go worker's job ${id} being ${step}`,
      timeoutMs: 20_000,
    });
  }

  /** kill -9, whatever it does. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.process.exited;
  }

  /** Lets it finish the job in hand, and waits for its end. */
  async close(): Promise<void> {
    this.process.kill('SIGTERM');
    await this.process.exited;
  }
}
