import type { BatchItemView, BatchStatus, BatchView, JobView } from '#libs/contracts';
import type { StoredBatch, StoredItem, StoredItems } from '../backend/batches.js';
import { estimateAll, estimateRunning, estimateWaiting, type Estimate, type Pace } from './batch-estimate.js';

const iso = (ms: number | undefined) =>
  ms === undefined ? undefined : new Date(Math.round(ms)).toISOString();

const numberIn = (batch: StoredBatch, name: string) => Number(batch.fields[name] ?? 0);

const timeIn = ({ fields }: StoredBatch, name: string) =>
  fields[name] === undefined ? undefined : iso(Number(fields[name]));

/** How far a batch is expected to get how fast. `duration` is what one run takes; absent = nobody knows. */
export function paceOf(
  batch: StoredBatch,
  { startedOn, runningInQueue }: Pick<StoredItems, 'startedOn' | 'runningInQueue'>,
  duration: number | undefined,
): Pace | undefined {
  if (duration === undefined) return undefined;
  return { now: Date.now(), duration, limit: numberIn(batch, 'limit'), startedOn, runningInQueue };
}

/** What runs of the batch took so far, on average; `undefined` before one has completed. */
export function ownDuration(batch: StoredBatch): number | undefined {
  const runs = numberIn(batch, 'runs');
  return runs > 0 ? numberIn(batch, 'runTime') / runs : undefined;
}

/** How many jobs of each type it has, as far as that was kept. */
export function typesOf({ fields }: StoredBatch): Map<string, number> {
  return new Map(Object.entries(JSON.parse(fields['types'] ?? '{}') as Record<string, number>));
}

/** @param pace absent = without an estimate. */
export function toBatchView(batch: StoredBatch, queue: string, pace?: Pace): BatchView {
  const { id, fields, running } = batch;
  const [total, completed, failed, cancelled, removed] = [
    'total',
    'completed',
    'failed',
    'cancelled',
    'removed',
  ].map((name) => numberIn(batch, name)) as [number, number, number, number, number];
  const ended = completed + failed + cancelled + removed;
  const pending = Math.max(0, total - ended - running);
  const limit = numberIn(batch, 'limit');
  const isFinished = fields['finishedOn'] !== undefined;
  return {
    id,
    queue,
    name: fields['name'],
    status: statusOf(batch, failed),
    total,
    counts: { pending, running, completed, failed, cancelled, removed },
    percent: total === 0 ? 100 : Math.floor((1000 * ended) / total) / 10,
    limit: limit > 0 ? limit : undefined,
    creator: fields['creator'],
    callback: callbackOf(batch),
    createdAt: timeIn(batch, 'createdOn') ?? '',
    startedAt: timeIn(batch, 'startedOn'),
    finishedAt: timeIn(batch, 'finishedOn'),
    cancelledAt: timeIn(batch, 'cancelledOn'),
    estimatedFinishAt: pace && !isFinished ? iso(estimateAll(pace, pending)) : undefined,
  };
}

function statusOf({ fields, running }: StoredBatch, failed: number): BatchStatus {
  if (fields['cancelling'] !== undefined) return 'cancelling';
  if (fields['finishedOn'] === undefined) {
    return running > 0 || fields['startedOn'] !== undefined ? 'running' : 'pending';
  }
  if (fields['cancelledOn'] !== undefined) return 'cancelled';
  return failed > 0 ? 'failed' : 'completed';
}

function callbackOf(batch: StoredBatch): BatchView['callback'] {
  const { callbackType: type, callbackId: jobId } = batch.fields;
  return type === undefined || jobId === undefined
    ? undefined
    : { type, jobId, addedAt: timeIn(batch, 'calledOn') };
}

/** @param job absent = Redis has forgotten it. */
export function toItemView(
  item: StoredItem,
  index: number,
  job: JobView | undefined,
  pace: Pace | undefined,
): BatchItemView {
  const status = (item.ended || job?.status || 'removed') as BatchItemView['status'];
  const estimate = pace && job ? estimateOf(item, job, pace) : undefined;
  return {
    index,
    id: item.id,
    status,
    position: item.ahead >= 0 ? item.ahead + 1 : undefined,
    positionInQueue: item.aheadInQueue >= 0 ? item.aheadInQueue + 1 : undefined,
    estimatedStartAt: estimate && item.ahead >= 0 ? iso(estimate.startAt) : undefined,
    estimatedFinishAt: iso(estimate?.finishAt),
    type: job?.type,
    priority: job?.priorityName,
    progress: job?.progress,
    attempts: job?.attempts,
    error: job?.error,
    errorCode: job?.errorCode,
    createdAt: job?.createdAt,
    startedAt: job?.startedAt,
    finishedAt: job?.finishedAt,
    delayedUntil: job?.delayedUntil,
  };
}

function estimateOf({ ahead, aheadInQueue }: StoredItem, job: JobView, pace: Pace): Estimate | undefined {
  if (ahead >= 0) return estimateWaiting(pace, ahead, aheadInQueue);
  if (job.status === 'running' && job.startedAt !== undefined)
    return estimateRunning(pace, Date.parse(job.startedAt));
  if (job.state === 'delayed' && job.delayedUntil !== undefined) {
    const startAt = Date.parse(job.delayedUntil);
    return { startAt, finishAt: startAt + pace.duration };
  }
  return undefined;
}
