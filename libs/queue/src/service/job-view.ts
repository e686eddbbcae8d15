import {
  priorityName,
  type LeavingToType,
  type JobState,
  type JobStatus,
  type JobView,
} from '#libs/contracts';
import { toJobJson, UnreadableDocument } from '../backend/job-record.js';
import type { StoredJob } from '../backend/reading.js';
import { readDocument } from './job-document.js';

const STATUS_OF: Record<JobState, JobStatus> = {
  waiting: 'pending',
  prioritized: 'pending',
  delayed: 'pending',
  'waiting-children': 'pending',
  active: 'running',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
};

const iso = (ms: number | undefined) => (ms ? new Date(ms).toISOString() : undefined);

function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Stored by somebody else as something else: shown as it is.
    return text;
  }
}

/** Contract priority: noted at adding or adopting; of a job nobody adopted yet, the document's. */
function priorityOf({ fields, document }: StoredJob): number {
  if (fields['band'] !== undefined) return Number(fields['band']);
  if (fields['priority'] !== undefined) {
    const bull = Number(fields['priority']);
    return bull === 0 ? 3 : 3 - bull;
  }
  const given = readDocument(document)?.priority;
  return typeof given === 'number' ? given : 0;
}

/** How often a job itself says it may be tried; `undefined` when it leaves that to its type. */
export function attemptsOf({ fields }: StoredJob): number | undefined {
  const opts = (fields['opts'] ? JSON.parse(fields['opts']) : {}) as { attempts?: number } & LeavingToType;
  if (opts.leftToType?.includes('attempts')) return undefined;
  return opts.attempts !== undefined && opts.attempts > 0 ? opts.attempts : undefined;
}

/**
 * A stored job as people read it.
 *
 * @param defaultType type of a legacy job that names none.
 * @param defaultAttempts of a job that does not say.
 */
export function toJobView(job: StoredJob, defaultType: string, defaultAttempts: number): JobView {
  const { fields, document } = job;
  const state: JobState = job.state === 'unknown' ? 'prioritized' : job.state;
  const json = readable(job, defaultType);
  const priority = priorityOf(job);
  const created = json.timestamp || Date.parse(String(readDocument(document)?.created_at ?? ''));
  const { timeout, creator, tags, replayOf, batch, task } = json.opts as NotedOptions;
  return {
    id: job.id,
    type: json.name,
    status: STATUS_OF[state],
    state,
    priority,
    priorityName: priorityName(priority),
    payload: parse(json.data),
    result: state === 'completed' ? parse(job.result) : undefined,
    error: json.failedReason || undefined,
    errorCode: fields['failedCode'],
    cachedFrom: fields['cachedFrom'],
    stacktrace: parse(fields['stacktrace']) as string[] | undefined,
    progress: json.progress as JobView['progress'],
    attempts: {
      made: json.attemptsMade,
      started: json.attemptsStarted,
      max: attemptsOf(job) ?? defaultAttempts,
    },
    createdAt: new Date(Number.isFinite(created) ? created : 0).toISOString(),
    startedAt: iso(json.processedOn),
    finishedAt: iso(json.finishedOn),
    delayedUntil: iso(job.due),
    position: job.rank >= 0 ? job.rank + 1 : undefined,
    timeout,
    batch,
    task,
    worker: fields['processedBy'],
    legacy: json.legacy,
    creator: typeof creator === 'string' ? creator : undefined,
    tags: Array.isArray(tags) && tags.length > 0 ? tags.map(String) : undefined,
    replayOf: typeof replayOf === 'string' ? replayOf : undefined,
  };
}

/** What the API notes in a job's options; others may write anything there. */
interface NotedOptions {
  timeout?: number;
  creator?: unknown;
  tags?: unknown;
  replayOf?: unknown;
  batch?: string;
  task?: string;
}

/** A document that is no JSON object is shown as the text it is. */
function readable({ id, fields, document, result }: StoredJob, defaultType: string) {
  const given = { ...fields, ...(document === undefined ? {} : { document }) };
  try {
    return toJobJson(id, given, defaultType, result);
  } catch (error) {
    if (!(error instanceof UnreadableDocument)) throw error;
    const json = toJobJson(id, { ...given, data: JSON.stringify(document ?? null) }, defaultType, result);
    return { ...json, legacy: true };
  }
}
