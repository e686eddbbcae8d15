import type { JobView } from '#libs/contracts';
import { toJobView, type JobSnapshot, type QueueEvent } from '#libs/queue';
import { toJsonColumn, toTextColumn } from './json-column.js';
import { timeOf, timelineOf, versionOf } from './timeline.js';

/** A job to write: values of columns (undefined = NULL), and of those that hold JSON the text. */
export interface JobRow {
  values: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  json: Partial<Record<'timeline' | 'payload' | 'document' | 'result' | 'progress', string>>;
}

/** What a row says that no job says itself. */
export interface RowContext {
  queue: string;
  /** Type of a legacy job that names none. */
  defaultType: string;
  /** Attempts of a job that does not say. */
  defaultAttempts: number;
}

/** Stacks that are kept of a job, the last ones, and characters of each. */
const STACKS = 10;
const STACK_LENGTH = 4000;
const TAGS = 100;
/** Characters of a name that is searched for: an index takes no longer ones. */
const NAME_LENGTH = 500;
const ERROR_LENGTH = 20_000;
/** Of PostgreSQL's integers. */
const LARGEST = 2 ** 31 - 1;

/** The row of a job as it stands in Redis. */
export function rowOfSnapshot(
  context: RowContext,
  job: JobSnapshot,
  at: string,
  events: readonly QueueEvent[],
): JobRow {
  const view = viewOf(context, job);
  const opts = optsOf(job);
  const delay = typeof opts['delay'] === 'number' ? opts['delay'] : 0;
  const created = Date.parse(view.createdAt);
  return {
    values: {
      queue: context.queue,
      id: toTextColumn(job.id),
      version: versionText(at),
      partial: false,
      type: textOrNone(view.type),
      status: view.status,
      state: view.state,
      priority: Math.max(-LARGEST, Math.min(LARGEST, view.priority)),
      omitted: job.omitted.length > 0 ? job.omitted : undefined,
      error: textOrNone(view.error, ERROR_LENGTH),
      error_code: textOrNone(view.errorCode),
      stack: stackOf(view),
      attempts_made: view.attempts.made,
      attempts_started: view.attempts.started,
      attempts_max: view.attempts.max,
      created_at: created,
      ready_at: created + delay,
      started_at: timeOrNone(view.startedAt),
      finished_at: timeOrNone(view.finishedAt),
      creator: textOrNone(opts['creator']),
      tags: tagsOf(opts['tags']),
      batch: textOrNone(opts['batch']),
      worker: textOrNone(view.worker),
      language: languageOf(view, job),
      legacy: view.legacy,
    },
    json: textsOf(job, view, events),
  };
}

/** The row of a job that Redis has forgotten: what the events say of it. */
export function rowOfEvents(queue: string, id: string, events: readonly QueueEvent[]): JobRow | undefined {
  const [first] = events;
  const last = events.at(-1);
  if (!first || !last) return undefined;
  const latest = (name: string) => events.findLast(({ event }) => event === name);
  const end = events.findLast(({ event }) => event === 'completed' || event === 'failed');
  const active = latest('active');
  const { status, state } = standing(events);
  const result = end?.event === 'completed' ? end.fields['returnvalue'] : undefined;
  const isOver = status !== 'pending' && status !== 'running';
  const removed = latest('removed');
  return {
    values: {
      queue,
      id: toTextColumn(id),
      version: versionText(last.id),
      partial: true,
      type: textOrNone(latest('added')?.fields['name']),
      status,
      state,
      omitted: result === '' ? ['result'] : undefined,
      error: status === 'failed' ? textOrNone(end?.fields['failedReason'], ERROR_LENGTH) : undefined,
      created_at: timeOf((latest('added') ?? first).id),
      started_at: active ? timeOf(active.id) : undefined,
      finished_at: isOver && end ? timeOf(end.id) : undefined,
      removed_at: removed ? timeOf(removed.id) : undefined,
    },
    json: { timeline: timelineOf(events), result: result ? toJsonColumn(result) : undefined },
  };
}

/** As text: a number of JavaScript would lose its last digits. */
const versionText = (entryId: string) => String(versionOf(entryId));

/** The last event that says where a job stands; of one that was only removed, nothing says how it ended. */
function standing(events: readonly QueueEvent[]): { status: string; state: string } {
  for (const { event } of events.toReversed()) {
    if (event === 'completed') return { status: 'completed', state: 'completed' };
    if (event === 'failed') return { status: 'failed', state: 'failed' };
    if (event === 'active') return { status: 'running', state: 'active' };
    if (event === 'delayed' || event === 'waiting-children') return { status: 'pending', state: event };
    if (event === 'waiting' || event === 'added') return { status: 'pending', state: 'waiting' };
  }
  return { status: 'pending', state: 'unknown' };
}

function viewOf({ defaultType, defaultAttempts }: RowContext, job: JobSnapshot): JobView {
  const stored = { ...job, status: undefined, rank: -1, due: undefined };
  try {
    return toJobView(stored, defaultType, defaultAttempts);
  } catch {
    // What somebody wrote by hand into options or progress and is no JSON does not keep the job out.
    const fields = { ...job.fields, opts: '{}', progress: '0', stacktrace: '[]', parent: '' };
    return toJobView({ ...stored, fields }, defaultType, defaultAttempts);
  }
}

function optsOf({ fields }: JobSnapshot): Record<string, unknown> {
  try {
    return (JSON.parse(fields['opts'] ?? '{}') as Record<string, unknown> | null) ?? {};
  } catch {
    return {};
  }
}

/** The texts themselves, not what JavaScript makes of them: it would round large numbers. */
function textsOf(
  { fields, document, result, omitted }: JobSnapshot,
  view: JobView,
  events: readonly QueueEvent[],
): JobRow['json'] {
  const json: JobRow['json'] = {
    timeline: timelineOf(events),
    progress: view.progress === 0 ? '0' : toJsonColumn(JSON.stringify(view.progress)),
  };
  if (result !== undefined && view.status === 'completed') json.result = toJsonColumn(result);
  if (omitted.includes('payload')) return json;
  if (fields['data'] !== undefined) json.payload = toJsonColumn(fields['data']);
  else if (document !== undefined) json.document = toJsonColumn(document);
  return json;
}

function languageOf({ legacy, startedAt, finishedAt, worker }: JobView, { fields }: JobSnapshot): string {
  const ranElsewhere = startedAt && finishedAt && !worker && fields['endedBy'] === undefined;
  return legacy || ranElsewhere ? 'go' : 'ts';
}

function stackOf({ stacktrace }: JobView): string[] | undefined {
  if (!Array.isArray(stacktrace) || stacktrace.length === 0) return undefined;
  return stacktrace.slice(-STACKS).map((one) => toTextColumn(String(one).slice(0, STACK_LENGTH)));
}

function tagsOf(tags: unknown): string[] | undefined {
  if (!Array.isArray(tags) || tags.length === 0) return undefined;
  return tags
    .filter((tag) => typeof tag === 'string')
    .slice(0, TAGS)
    .map((tag) => toTextColumn(tag.slice(0, NAME_LENGTH)));
}

const textOrNone = (value: unknown, most = NAME_LENGTH) =>
  typeof value === 'string' && value !== '' ? toTextColumn(value.slice(0, most)) : undefined;
const timeOrNone = (iso: string | undefined) => (iso === undefined ? undefined : Date.parse(iso));
