import { waitFor } from '../../support/wait.js';
import type { LineProcess } from './line-process.js';

/** One message on the updates channel, as Go received it. */
export interface GoMessage {
  raw: string;
  event: string;
  job_id: string;
  timestamp: number;
  data: { job_id: string; status: string; priority?: number };
}

/** Collects what a Go subscriber of the queue's updates hears. */
export class GoWatch {
  private parsed: GoMessage[] = [];

  constructor(private readonly process: LineProcess) {}

  /** Everything heard so far, in that order. */
  get messages(): readonly GoMessage[] {
    // The first line is the word "subscribed".
    for (const raw of this.process.lines.slice(1 + this.parsed.length)) {
      this.parsed.push({ raw, ...(JSON.parse(raw) as Omit<GoMessage, 'raw'>) });
    }
    return this.parsed;
  }

  /** What was heard of one job, as "event status", in order. */
  heard(id: string): string[] {
    return this.messages
      .filter(({ job_id }) => job_id === id)
      .map(({ event, data }) => `${event} ${data.status}`);
  }

  async subscribed(): Promise<void> {
    await waitFor(
      () => {
        if (!this.process.running) throw new Error(this.process.errors);
        return this.process.lines[0] === 'subscribed';
      },
      { what: 'the Go subscriber being ready' },
    );
  }

  /** Resolves with the first message, heard already or yet to come, that fits. */
  waitFor(fits: (message: GoMessage) => boolean, what: string, timeoutMs = 20_000): Promise<GoMessage> {
    return waitFor(() => this.messages.find(fits), { what: `Go hearing ${what}`, timeoutMs });
  }

  waitForEvent(id: string, event: string): Promise<GoMessage> {
    return this.waitFor(
      (message) => message.job_id === id && message.event === event,
      `${event} of job ${id}`,
    );
  }

  async close(): Promise<void> {
    this.process.kill('SIGTERM');
    await this.process.exited;
  }
}
