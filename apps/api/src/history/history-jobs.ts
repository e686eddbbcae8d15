import { Injectable } from '@nestjs/common';
import type { HistoryJob, JobState, JobView } from '#libs/contracts';
import { HistoryReader } from '#libs/history';
import { DatabaseUnavailableError } from '#libs/sql';
import { FinishedJobs } from '../jobs/job-reader.js';
import { DeadlineExceeded, withDeadline } from '../redis/with-deadline.js';

/** A request about a live job has 5 s in all. */
const DEADLINE_MS = 3000;
const NOTE_MS = 1000;

/** Jobs that Redis has forgotten, as those are shown that it has. */
@Injectable()
export class HistoryJobs extends FinishedJobs {
  constructor(private readonly reader: HistoryReader) {
    super();
  }

  /** Notes at once that somebody has removed jobs: the recorder does so a moment later. */
  async noteRemoved(queue: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await withDeadline(this.reader.noteRemoved(queue, ids), NOTE_MS).catch(() => undefined);
  }

  /**
   * @returns undefined when the history has none either, and for one that somebody has removed.
   * @throws {DatabaseUnavailableError} when the database does not answer soon.
   */
  async find(id: string, queue: string): Promise<JobView | undefined> {
    if (id.includes('\0')) return undefined;
    try {
      const text = await withDeadline(this.reader.find(queue, id), DEADLINE_MS);
      const job = text === undefined ? undefined : (JSON.parse(text) as HistoryJob);
      return job && job.removedAt === undefined ? viewOf(job) : undefined;
    } catch (error) {
      if (!(error instanceof DeadlineExceeded)) throw error;
      throw new DatabaseUnavailableError(`the database did not answer within ${error.ms} ms`, {
        cause: error,
      });
    }
  }
}

function viewOf(job: HistoryJob): JobView {
  const {
    attempts,
    priority = 0,
    priorityName = 'low',
    type = 'unknown',
    progress = 0,
    legacy = false,
  } = job;
  return {
    id: job.id,
    type,
    status: job.status,
    state: stateOf(job),
    priority,
    priorityName,
    payload: job.payload ?? null,
    result: job.result,
    error: job.error,
    errorCode: job.errorCode,
    stacktrace: job.stacktrace,
    progress: progress as JobView['progress'],
    attempts: { made: attempts.made ?? 0, started: attempts.started ?? 0, max: attempts.max ?? 1 },
    createdAt: job.createdAt,
    startedAt: job.startedAt,
    finishedAt: job.finishedAt,
    worker: job.worker,
    legacy,
    creator: job.creator,
    batch: job.batch,
    tags: job.tags,
  };
}

/** The history has one state more, of jobs of which nobody saw the end. */
function stateOf({ state, status }: HistoryJob): JobState {
  if (state !== 'unknown') return state as JobState;
  if (status === 'pending') return 'waiting';
  return status === 'running' ? 'active' : status;
}
