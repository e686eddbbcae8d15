import type { ArtifactStore } from '#libs/artifacts';
import {
  LOG_LEVELS,
  type ChildOptions,
  type ChildOutcome,
  type FlowChild,
  type JobArtifacts,
  type JobContext,
  type JobInfo,
  type JobLog,
  type JobReports,
  type LogLevel,
  type Progress,
} from '../handler/context.js';
import {
  CheckpointNotJsonError,
  CheckpointTooLargeError,
  ChildKeyRepeatedError,
  FlowRepeatedError,
  InvalidProgressError,
  RunEndedError,
  WaitingForChildren,
} from '../errors.js';
import { Reports } from './reports.js';
import { messageOf } from './thrown.js';

const MAX_LOG_LENGTH = 8192;
const MAX_STATE_BYTES = 256 * 1024;

/** A child as the queue is to add it. Its key makes adding it again harmless. */
export interface NewChild extends ChildOptions {
  readonly key: string;
  readonly type: string;
  readonly payload: unknown;
  readonly mayFail?: boolean;
}

/** What a run needs from the queue and the disk; provided by whoever claimed the job. */
export interface RunServices extends JobReports {
  /** What {@link checkpoint} kept last for this job; `undefined` when nothing. */
  state(): Promise<unknown>;
  /** Keeps a state. @throws {CheckpointNotKeptError} */
  checkpoint(json: string): Promise<void>;
  /** Adds a job unless this one has added it before. @returns its id */
  enqueue(child: NewChild): Promise<string>;
  /** Adds jobs this one waits for, unless it has added them before. @returns what became of each; `undefined` while it has not ended */
  addChildren(children: readonly NewChild[]): Promise<readonly (ChildOutcome | undefined)[]>;
  readonly artifacts: ArtifactStore;
}

/**
 * The {@link JobContext} of one run.
 *
 * Reports go out in order and are all sent before the job ends; after `close()` they are dropped,
 * so that a handler that outlives its job cannot write into the next run of it.
 */
export class RunContext implements JobContext {
  readonly attempt: number;
  readonly log: JobLog;
  readonly artifacts: JobArtifacts;
  /** Set once the run is to end because it waits for children. */
  waiting = false;
  private open = true;
  private children = 0;
  /** Keys of children this run has added. */
  private readonly keys = new Set<string>();
  private flowed = false;
  private readonly reports: Reports;

  constructor(
    readonly job: JobInfo,
    readonly signal: AbortSignal,
    private readonly services: RunServices,
    readonly state: unknown,
    progressEveryMs: number,
    warn: (message: string) => void,
  ) {
    this.attempt = job.attempt;
    this.reports = new Reports(job.id, services, progressEveryMs, warn);
    this.log = Object.assign(
      (text: string) => this.line('info', text),
      Object.fromEntries(
        LOG_LEVELS.map((level) => [level, (text: string) => this.line(level, text)]),
      ) as Record<LogLevel, (text: string) => Promise<void>>,
    );
    this.artifacts = {
      put: (name, content, options) => {
        this.checkOpen();
        // An earlier job of the id may have left files. A legacy service may have written no time.
        const jobCreatedAt = Number.isNaN(job.createdAt.getTime()) ? undefined : job.createdAt.toISOString();
        return services.artifacts.put({ jobId: job.id, name, jobCreatedAt }, content, options);
      },
      open: (reference) => services.artifacts.open(reference),
    };
  }

  // Properties, not methods: handlers take them out of the context (`{ log, progress }`).
  readonly progress = (value: Progress): Promise<void> => {
    try {
      // Not awaited here: of a flood of calls each would be kept until the last of them is answered.
      return this.reports.progress(normalised(value));
    } catch (error) {
      return Promise.reject(error);
    }
  };

  readonly checkpoint = async (state: unknown): Promise<void> => {
    const json = jsonOf(state);
    const bytes = Buffer.byteLength(json);
    if (bytes > MAX_STATE_BYTES) throw new CheckpointTooLargeError(bytes, MAX_STATE_BYTES);
    this.checkOpen();
    await this.services.checkpoint(json);
  };

  readonly enqueue = async (
    type: string,
    payload: unknown = {},
    options: ChildOptions = {},
  ): Promise<string> => {
    this.checkOpen();
    return this.services.enqueue(this.child({ ...options, type, payload }));
  };

  readonly flow = async (children: readonly FlowChild[]): Promise<readonly ChildOutcome[]> => {
    this.checkOpen();
    if (this.flowed) throw new FlowRepeatedError();
    this.flowed = true;
    const outcomes = await this.services.addChildren(children.map((child) => this.child(child)));
    if (outcomes.every((outcome) => outcome !== undefined)) return outcomes as readonly ChildOutcome[];
    this.waiting = true;
    throw new WaitingForChildren();
  };

  /** Resolves when every report made so far is kept or lost. */
  flush(): Promise<void> {
    return this.reports.flush();
  }

  /** From now on reports are dropped, and the rest refuses. */
  close(): void {
    this.open = false;
    this.reports.close();
  }

  private child({ key, payload = {}, ...rest }: FlowChild): NewChild {
    const name = key ?? String(this.children);
    this.children += 1;
    // The queue would take the second for the first one, and drop it.
    if (this.keys.has(name)) throw new ChildKeyRepeatedError(name);
    this.keys.add(name);
    return { ...rest, payload, key: name };
  }

  private line(level: LogLevel, text: string): Promise<void> {
    const prefix = level === 'info' ? '' : `${level.toUpperCase()} `;
    return this.reports.log((prefix + String(text)).slice(0, MAX_LOG_LENGTH));
  }

  /** A run that was given up must not write into the next run of the job. */
  private checkOpen(): void {
    if (!this.open) throw new RunEndedError();
  }
}

/** @throws {CheckpointNotJsonError} */
function jsonOf(state: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(state ?? null);
  } catch (error) {
    throw new CheckpointNotJsonError(messageOf(error), error);
  }
  if (json === undefined) throw new CheckpointNotJsonError(`there is none of a ${typeof state}`);
  return json;
}

function normalised(value: Progress): number | object {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new InvalidProgressError(String(value));
    return Math.min(100, Math.max(0, value));
  }
  if (typeof value !== 'object' || value === null) {
    throw new InvalidProgressError(value === null ? 'null' : `a ${typeof value}`);
  }
  const { current, total } = value as { current?: unknown; total?: unknown };
  if (typeof current !== 'number' || typeof total !== 'number') return value;
  const percent = (100 * current) / total;
  if (!Number.isFinite(percent) || total <= 0) throw new InvalidProgressError(`${current} of ${total}`);
  return { ...value, percent: Math.min(100, Math.max(0, Math.round(percent * 10) / 10)) };
}
