import { randomUUID } from 'node:crypto';
import type { BatchItemView, BatchView } from '#libs/contracts';
import type { StoredBatch, StoredItems } from '../backend/batches.js';
import type { DroverBackend } from '../backend/drover-backend.js';
import { toJson } from '../backend/validate.js';
import { BatchNotFoundError } from '../errors/batches.js';
import { IdempotencyKeyReusedError, InvalidOptionError } from '../errors/index.js';
import { TypeMetrics } from '../types/type-metrics.js';
import { ownDuration, paceOf, toBatchView, toItemView, typesOf } from './batch-views.js';
import { fingerprint, toNewJob, type CreateJob } from './create-job.js';
import { JobViews } from './job-views.js';

/** Most jobs of one batch: they are added in one step, which holds Redis for well under a second. */
export const MAX_BATCH_JOBS = 10_000;

/** A batch to create. */
export interface CreateBatch {
  name?: string | undefined;
  /** Most jobs at a time, over all workers and legacy services; default all. A job keeps its place while it waits for a retry. */
  limit?: number | undefined;
  /** Its jobs, 1 to 10,000, in order. A delay is not allowed. */
  items: readonly CreateJob[];
  /** Job that is added once all have ended; its payload, an object, gets the counts as `batch`. */
  callback?: Omit<CreateJob, 'id' | 'delay'> | undefined;
  /** Who creates it; kept with the batch and its jobs. */
  creator?: string | undefined;
}

/** A place in the list of batches, the newest first. */
export interface BatchPlace {
  createdOn: number;
  id: string;
}

export interface BatchQuery {
  limit: number;
  /** Goes on behind this place. */
  after?: BatchPlace | undefined;
  /** Only those of this creator. */
  creator?: string | undefined;
}

/** How long a cancel is waited for. */
const CANCEL_MS = 2000;
/** Types of which the numbers are kept, for estimates before anything has run. */
const MOST_TYPES = 50;
/** Batches read at once, and reads in one request, when a filter leaves out most. */
const CHUNK = 100;
const MOST_CHUNKS = 20;

/** What people do with batches: create, look at, cancel. */
export class BatchStore {
  private readonly jobs: JobViews;

  constructor(private readonly backend: DroverBackend) {
    this.jobs = new JobViews(backend);
  }

  /**
   * Adds a batch with all its jobs, or nothing; with a key, once for that key and creator, as long as the batch is kept.
   *
   * @returns the batch; `created` is false when an earlier call with the key made it.
   * @throws {IdsTakenError}; {IdempotencyKeyReusedError} when the key was used for another batch; typed errors that name what is wrong.
   */
  async create(input: CreateBatch, key?: string): Promise<{ batch: BatchView; created: boolean }> {
    const id = `batch-${key === undefined ? randomUUID() : fingerprint(['batch', input.creator ?? '', key])}`;
    const now = Date.now();
    const print = key === undefined ? '' : fingerprint(input);
    const answer = await this.backend.batches.add(
      id,
      { ...fieldsOf(id, input, now), fingerprint: print },
      jobsOf(id, input, now),
    );
    if ('fingerprint' in answer && answer.fingerprint !== print)
      throw new IdempotencyKeyReusedError(key ?? '');
    return { batch: await this.get(id), created: 'ids' in answer };
  }

  /** @throws {BatchNotFoundError} */
  async get(id: string): Promise<BatchView> {
    const batch = await this.stored(id);
    const facts = await this.backend.batches.items(id, 0, 1);
    return this.view(batch, facts);
  }

  /** @throws {BatchNotFoundError} */
  async creatorOf(id: string): Promise<string | undefined> {
    return (await this.stored(id)).fields['creator'];
  }

  /**
   * One page, the newest first, without estimates.
   *
   * @returns `next` to go on from; absent at the end. A page may have fewer than asked for when a filter leaves out most.
   */
  async list({ limit, after, creator }: BatchQuery): Promise<{ items: BatchView[]; next?: BatchPlace }> {
    const items: BatchView[] = [];
    let place = after;
    for (let chunk = 0; chunk < MOST_CHUNKS; chunk++) {
      const places = await this.placesAfter(
        place,
        Math.min(CHUNK, creator === undefined ? limit + 1 : CHUNK),
      );
      const found = new Map(
        (await this.backend.batches.find(places.map(({ id }) => id))).map((one) => [one.id, one]),
      );
      for (const next of places) {
        const batch = found.get(next.id);
        const isWanted = batch && (creator === undefined || batch.fields['creator'] === creator);
        if (isWanted && items.length === limit) return { items, ...(place && { next: place }) };
        if (isWanted) items.push(toBatchView(batch, this.backend.queueKeys.queue));
        place = next;
      }
      if (places.length === 0) return { items };
    }
    return { items, ...(place && { next: place }) };
  }

  /** Jobs of a batch in their order, from the one with the index `from` on. @throws {BatchNotFoundError} */
  async items(id: string, from: number, count: number): Promise<{ items: BatchItemView[]; total: number }> {
    const batch = await this.stored(id);
    const found = await this.backend.batches.items(id, from, count);
    const stored = await this.backend.reading.findMany(found.items.map((item) => item.id));
    const views = new Map((await this.jobs.ofMany(stored)).map((view) => [view.id, view]));
    const pace = paceOf(batch, found, await this.durationOf(batch));
    return {
      items: found.items.map((item, at) => toItemView(item, from + at, views.get(item.id), pace)),
      total: Number(batch.fields['total']),
    };
  }

  /**
   * Cancels what has not ended. A large batch may still be `cancelling` when this returns: the rest follows, and none of it starts.
   *
   * @throws {BatchNotFoundError}; {BatchStateError} when it had finished.
   */
  async cancel(id: string): Promise<BatchView> {
    const cancelled = this.backend.batches.cancel(id, 'batch cancelled');
    // Should that fail later, the passes over the queue go on.
    cancelled.catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, CANCEL_MS)));
    await Promise.race([cancelled, patience]);
    clearTimeout(timer);
    return this.get(id);
  }

  private async view(batch: StoredBatch, facts: StoredItems): Promise<BatchView> {
    const isFinished = batch.fields['finishedOn'] !== undefined;
    const pace = isFinished ? undefined : paceOf(batch, facts, await this.durationOf(batch));
    return toBatchView(batch, this.backend.queueKeys.queue, pace);
  }

  private async stored(id: string): Promise<StoredBatch> {
    const [batch] = await this.backend.batches.find([id]);
    if (!batch) throw new BatchNotFoundError(id);
    return batch;
  }

  /** What one run takes on average: of the batch's own, else of its types, else nobody knows. */
  private async durationOf(batch: StoredBatch): Promise<number | undefined> {
    const own = ownDuration(batch);
    if (own !== undefined) return own;
    const metrics = new TypeMetrics(() => this.backend.client(), this.backend.queueKeys);
    const counts = typesOf(batch);
    let [sum, weight] = [0, 0];
    for (const { type, duration } of await metrics.readSome([...counts.keys()])) {
      const count = counts.get(type) ?? 0;
      if (!duration) continue;
      sum += duration.mean * count;
      weight += count;
    }
    return weight > 0 ? sum / weight : undefined;
  }

  /** Places behind one, in the order of the list. Batches of one millisecond stand by their ids. */
  private async placesAfter(after: BatchPlace | undefined, count: number): Promise<BatchPlace[]> {
    const key = this.backend.queueKeys.key('batches');
    const highest = after ? after.createdOn : '+inf';
    for (let skip = 0; ; skip += CHUNK) {
      const flat = await this.backend.scripts.read((client) =>
        client.zrevrangebyscore(key, highest, '-inf', 'WITHSCORES', 'LIMIT', skip, count + CHUNK),
      );
      const places = flat.flatMap((id, at) =>
        at % 2 === 0 ? [{ id, createdOn: Number(flat[at + 1]) }] : [],
      );
      const behind = places.filter(
        ({ createdOn, id }) => !after || createdOn < after.createdOn || id < after.id,
      );
      if (behind.length > 0 || places.length < count + CHUNK) return behind.slice(0, count);
    }
  }
}

function jobsOf(id: string, { items, creator }: CreateBatch, now: number) {
  if (items.length < 1 || items.length > MAX_BATCH_JOBS) {
    throw new InvalidOptionError(`a batch has 1 to ${MAX_BATCH_JOBS} jobs, not ${items.length}`);
  }
  return items.map((item) => {
    if (item.delay) throw new InvalidOptionError('a job of a batch cannot be delayed');
    const job = toNewJob(creator === undefined ? item : { ...item, creator }, now);
    return { ...job, opts: { ...job.opts, batch: id } };
  });
}

function fieldsOf(id: string, input: CreateBatch, now: number): Record<string, string | number> {
  const { name, limit = 0, creator, callback, items } = input;
  if (!Number.isInteger(limit) || limit < 0) {
    throw new InvalidOptionError(`limit must be a whole number from 1, not ${String(limit)}`);
  }
  const types = new Map<string, number>();
  for (const { type } of items) {
    if (types.has(type) || types.size < MOST_TYPES) types.set(type, (types.get(type) ?? 0) + 1);
  }
  return {
    limit,
    types: JSON.stringify(Object.fromEntries(types)),
    ...(name !== undefined && { name }),
    ...(creator !== undefined && { creator }),
    ...(callback && callbackFields(id, { ...callback, ...(creator !== undefined && { creator }) }, now)),
  };
}

function callbackFields(id: string, callback: CreateJob, now: number): Record<string, string | number> {
  const payload = callback.payload ?? {};
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload) || 'batch' in payload) {
    throw new InvalidOptionError('the payload of a callback must be an object without "batch"');
  }
  const { name, opts, priority } = toNewJob(callback, now);
  return {
    callbackId: `${id}-callback`,
    callbackType: name,
    callbackPayload: toJson(payload, 'payload'),
    callbackOpts: JSON.stringify({ ...opts, callbackOf: id }),
    callbackPriority: priority,
  };
}
