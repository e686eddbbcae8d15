import { performance } from 'node:perf_hooks';
import type { BulkActionDone, BulkActionRequest } from '#libs/contracts';
import type { ActionOutcome, JobFilter, JobStore } from '#libs/queue';
import type { Caller } from '../access/caller.js';
import { JobCursors } from './job-cursor.js';
import { filterFor } from './job-filter.js';

/** Jobs that are named in an answer, as a sample or as problems. */
const MOST_NAMED = 20;
/** Milliseconds after which a request answers with what it has done; the caller may go on from there. */
const WORK_MS = 20_000;
const A_PIECE = 500;

/** One action that a caller wants done to many jobs. */
export interface ManyJobsAction {
  jobs: JobStore;
  /** Told of jobs that were removed. */
  onRemoved: (ids: readonly string[]) => Promise<void>;
  caller: Caller;
  request: BulkActionRequest;
}

/**
 * Does an action to all jobs that are named or that fit a filter, piece by piece; a job that does not allow it, or no longer, is counted and
 * concerns no other. In a dry run they are only counted.
 *
 * @throws {InvalidRequestError} for a cursor of another filter.
 */
export async function actOnMany(task: ManyJobsAction): Promise<BulkActionDone> {
  const { action, dryRun, ids } = task.request;
  const answer: BulkActionDone = {
    action,
    dryRun,
    matched: 0,
    done: 0,
    skipped: 0,
    missing: 0,
    failed: 0,
    problems: [],
    sample: [],
    more: false,
  };
  if (ids) await actOnIds(task, [...new Set(ids)], answer);
  else await actOnFilter(task, answer);
  return answer;
}

async function actOnIds(task: ManyJobsAction, all: string[], answer: BulkActionDone): Promise<void> {
  const ids = all.slice(0, task.request.limit);
  answer.more = ids.length < all.length;
  for (let from = 0; from < ids.length; from += A_PIECE) {
    await actOnPiece(task, ids.slice(from, from + A_PIECE), answer);
  }
}

async function actOnFilter(task: ManyJobsAction, answer: BulkActionDone): Promise<void> {
  const { request, caller, jobs } = task;
  const filter = filterFor(caller, request.filter ?? {});
  if (!filter) return;
  const cursors = new JobCursors(`actions ${request.action}`, filter, request.queue);
  let place = cursors.read(request.cursor);
  const end = performance.now() + WORK_MS;
  for (;;) {
    const piece = await jobs.search(filter, place, Math.min(A_PIECE, request.limit - answer.matched));
    const ids = piece.found.map(({ id }) => id);
    answer.matched += ids.length;
    if (request.dryRun) answer.sample.push(...ids.slice(0, MOST_NAMED - answer.sample.length));
    else count(answer, await act(task, ids, filter));
    place = piece.next;
    if (!place) return;
    if (answer.matched >= request.limit || performance.now() > end) break;
  }
  answer.more = true;
  answer.nextCursor = cursors.write(place);
}

async function actOnPiece(task: ManyJobsAction, ids: string[], answer: BulkActionDone): Promise<void> {
  const { jobs, caller, request } = task;
  const creator = caller.isLimitedToOwn ? caller.name : undefined;
  if (request.dryRun) {
    const there = await jobs.existing(ids, creator);
    answer.matched += there.length;
    answer.missing += ids.length - there.length;
    answer.sample.push(...there.slice(0, MOST_NAMED - answer.sample.length));
    return;
  }
  const outcomes = await act(task, ids, { creator });
  answer.matched += outcomes.filter(({ outcome }) => outcome !== 'missing').length;
  count(answer, outcomes);
}

async function act(
  { jobs, onRemoved, request }: ManyJobsAction,
  ids: string[],
  { creator }: JobFilter,
): Promise<ActionOutcome[]> {
  if (ids.length === 0) return [];
  const outcomes = await jobs.actOnMany(request.action, ids, creator);
  if (request.action === 'remove') {
    await onRemoved(outcomes.filter(({ outcome }) => outcome === 'done').map(({ id }) => id));
  }
  return outcomes;
}

function count(answer: BulkActionDone, outcomes: readonly ActionOutcome[]): void {
  for (const { id, outcome, reason } of outcomes) {
    answer[outcome] += 1;
    if (outcome === 'done' || answer.problems.length >= MOST_NAMED) continue;
    answer.problems.push({ id, outcome, ...(reason !== undefined && { reason }) });
  }
}
