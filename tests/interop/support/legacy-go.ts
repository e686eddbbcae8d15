import { waitFor } from '../../support/wait.js';
import { legacyPath } from './legacy-build.js';
import { GoWatch } from './go-watch.js';
import { GoWorker } from './go-worker.js';
import { LineProcess, type Exit } from './line-process.js';

/** Where a queue is. */
export interface QueueAddress {
  url: string;
  prefix: string;
  queue: string;
}

/** A job as the Go program knows it: fields that its struct does not have are not here. */
export interface GoJob {
  id: string;
  created_at: string;
  updated_at: string;
  deleted_at: string | null;
  status: string;
  progress: number;
  priority: number;
  started_at?: string;
  completed_at?: string;
  error_msg?: string;
  count: number;
  username: string;
  successful: number;
  failed: number;
  test_mode: boolean;
}

/** What can be said of a job that Go adds; `amount` becomes the payload's `count`. */
export interface GoAdd {
  id: string;
  priority?: number;
  amount?: number;
  username?: string;
  successful?: number;
  failed?: number;
  test_mode?: boolean;
}

export interface GoStats {
  queue_length: number;
  processing_count: number;
  high_priority: number;
  normal_priority: number;
  low_priority: number;
  ttl_seconds: number;
}

/** An error that the Go program reported, with its text. */
export class LegacyError extends Error {}

interface Reply {
  seq: number;
  answer?: Record<string, unknown>;
  error?: string;
}

/** A Go service from before Drover: one process that does one operation after the other. */
export class LegacyGo {
  private readonly server: LineProcess;
  private readonly waiting = new Map<number, (reply: Reply) => void>();
  private readonly helpers: { close(): Promise<unknown> }[] = [];
  private seq = 0;

  constructor(
    private readonly address: QueueAddress,
    private readonly ttlSeconds = 3600,
    /** More flags for all its processes, such as `--slow`. */
    private readonly moreFlags: readonly string[] = [],
  ) {
    this.server = new LineProcess(legacyPath(), ['serve', ...this.flags()], (line) => {
      const reply = JSON.parse(line) as Reply;
      this.waiting.get(reply.seq)?.(reply);
      this.waiting.delete(reply.seq);
    });
  }

  async add(job: GoAdd): Promise<void> {
    await this.call('add', { ...job });
  }

  /** Adds `count` jobs, one after the other. Returns their ids, `<id>-1` and so on, in that order. */
  async addMany(count: number, job: GoAdd): Promise<string[]> {
    return (await this.call('add', { ...job, count }))['ids'] as string[];
  }

  /** Adds a document as it is. */
  async addRaw(id: string, document: string | Buffer, priority = 1): Promise<void> {
    const raw =
      typeof document === 'string'
        ? { raw: document, is_raw: true }
        : { raw_base64: document.toString('base64') };
    await this.call('add', { id, priority, ...raw });
  }

  async dequeue(): Promise<GoJob | null> {
    return (await this.call('dequeue'))['job'] as GoJob | null;
  }

  async complete(id: string): Promise<void> {
    await this.call('complete', { id });
  }

  async fail(id: string): Promise<void> {
    await this.call('fail', { id });
  }

  /** FailJob with requeue. The job is the one that `dequeue` gave, else what is stored. */
  async failRequeue(id: string): Promise<void> {
    await this.call('fail-requeue', { id });
  }

  async cancel(id: string): Promise<void> {
    await this.call('cancel', { id });
  }

  async updateStatus(id: string, status: string): Promise<void> {
    await this.call('update-status', { id, status });
  }

  async status(id: string): Promise<string> {
    return (await this.call('status', { id }))['status'] as string;
  }

  async saveResult(id: string, result: unknown): Promise<void> {
    await this.call('save-result', { id, result });
  }

  async result(id: string): Promise<unknown> {
    return (await this.call('result', { id }))['result'];
  }

  async pending(): Promise<GoJob[]> {
    return (await this.call('pending'))['jobs'] as GoJob[];
  }

  async stats(): Promise<GoStats> {
    return (await this.call('stats'))['stats'] as GoStats;
  }

  async length(): Promise<number> {
    return (await this.call('length'))['length'] as number;
  }

  async processing(): Promise<number> {
    return (await this.call('processing'))['count'] as number;
  }

  async isProcessing(id: string): Promise<boolean> {
    return (await this.call('is-processing', { id }))['processing'] as boolean;
  }

  async clear(): Promise<void> {
    await this.call('clear');
  }

  async clearProcessing(): Promise<void> {
    await this.call('clear-processing');
  }

  async health(): Promise<void> {
    await this.call('health');
  }

  /** Listens to the queue's events in a process of its own; resolves once Redis has confirmed it. */
  async watch(): Promise<GoWatch> {
    const process = new LineProcess(legacyPath(), ['watch', ...this.flags()]);
    const watch = new GoWatch(process);
    this.helpers.push(watch);
    await watch.subscribed();
    return watch;
  }

  /** Starts a worker loop in a process of its own. `args` are more flags of `legacy work`. */
  work(...args: string[]): GoWorker {
    const worker = new GoWorker(new LineProcess(legacyPath(), ['work', ...this.flags(), ...args]));
    this.helpers.push(worker);
    return worker;
  }

  /** Runs one operation in a process of its own, to its end: for those that are to crash. */
  async once(operation: string, ...args: string[]): Promise<Exit & { lines: string[]; errors: string }> {
    const process = new LineProcess(legacyPath(), [operation, ...this.flags(), ...args]);
    const exit = await process.exited;
    return { ...exit, lines: process.lines, errors: process.errors };
  }

  /** Resolves once Go reads this status of the job. */
  async waitForStatus(id: string, status: string, timeoutMs = 20_000): Promise<void> {
    await waitFor(async () => (await this.status(id)) === status, {
      what: `Go reading "${status}" for job ${id}`,
      timeoutMs,
    });
  }

  async close(): Promise<void> {
    this.server.end();
    await Promise.all([this.server.exited, ...this.helpers.map((helper) => helper.close())]);
  }

  private async call(op: string, args: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const seq = ++this.seq;
    const reply = new Promise<Reply>((resolve) => this.waiting.set(seq, resolve));
    this.server.send(JSON.stringify({ seq, op, ...args }));
    const ended = this.server.exited.then((): Reply => ({
      seq,
      error: `legacy ended: ${this.server.errors}`,
    }));
    const { answer, error } = await Promise.race([reply, ended]);
    if (error !== undefined) throw new LegacyError(error);
    return answer ?? {};
  }

  private flags(): string[] {
    const { url, prefix, queue } = this.address;
    const fixed = ['--redis', url, '--prefix', prefix, '--queue', queue];
    return [...fixed, '--ttl-seconds', String(this.ttlSeconds), ...this.moreFlags];
  }
}
