import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { FieldError, ValidCreateBatchRequest } from '#libs/contracts';
import type { CreateBatch, CreateJob } from '#libs/queue';
import { toCreateJob } from '../jobs/create-job.js';
import { JobTargets, type JobTarget } from '../jobs/job-targets.js';
import { InvalidRequestError } from '../problems/api-errors.js';
import { checkPayload } from '../types/check-payload.js';

/** Faults that one answer names. */
const MOST_ERRORS = 50;
/** Jobs that are looked at before others have their turn. */
const A_TURN = 200;

type Entry = ValidCreateBatchRequest['items'][number];

/** What stands in a callback's payload, so that it can be checked before the batch has ended. */
const SAMPLE_OUTCOME = {
  id: 'batch-0',
  name: 'batch',
  total: 1,
  completed: 1,
  failed: 0,
  cancelled: 0,
  removed: 0,
  createdAt: new Date(0).toISOString(),
  startedAt: new Date(0).toISOString(),
  finishedAt: new Date(0).toISOString(),
};

/** Decides where the jobs of a batch go, and checks them against what their types take. */
@Injectable()
export class BatchTargets {
  constructor(private readonly targets: JobTargets) {}

  /**
   * The batch as the store creates it, and the queue it goes to.
   *
   * @throws {InvalidRequestError} naming each job that does not fit, at most 50 faults; {BodyTooLargeError} for a payload.
   */
  async resolve(request: ValidCreateBatchRequest): Promise<{ queue: string; batch: CreateBatch }> {
    const { items, callback, name, limit } = request;
    const types = [...new Set(items.map(({ type }) => type))];
    const found = new Map<string, JobTarget>();
    for (const type of types) found.set(type, await this.targets.find(type, request.queue));
    const queue = oneQueue(request, found);
    const errors: FieldError[] = repeatedIds(items);
    const jobs: CreateJob[] = [];
    for (const [at, item] of items.entries()) {
      if (at % A_TURN === A_TURN - 1) await setImmediate();
      jobs.push(checked(item, found.get(item.type), `items.${at}`, errors));
    }
    const after = callback && (await this.callback(callback, queue, errors));
    if (errors.length > 0) throw new InvalidRequestError(errors.slice(0, MOST_ERRORS));
    return { queue, batch: { name, limit, items: jobs, callback: after } };
  }

  private async callback(
    callback: NonNullable<ValidCreateBatchRequest['callback']>,
    queue: string,
    errors: FieldError[],
  ): Promise<CreateBatch['callback']> {
    const target = await this.targets.find(callback.type, queue);
    const payload = callback.payload ?? {};
    const sample = { ...callback, payload: { ...payload, batch: SAMPLE_OUTCOME } };
    return { ...checked(sample, target, 'callback', errors), payload };
  }
}

/** All jobs of a batch are in one queue: its limit is kept in the steps that end them. */
function oneQueue({ items }: ValidCreateBatchRequest, found: ReadonlyMap<string, JobTarget>): string {
  const first = found.get(items[0]?.type ?? '')?.queue ?? '';
  const at = items.findIndex(({ type }) => found.get(type)?.queue !== first);
  if (at < 0) return first;
  throw new InvalidRequestError([
    {
      path: `items.${at}.type`,
      message: `goes to the queue ${found.get(items[at]?.type ?? '')?.queue}, the jobs before it to ${first}: say with queue where all go`,
    },
  ]);
}

function repeatedIds(items: readonly Entry[]): FieldError[] {
  const seen = new Map<string, number>();
  return items.flatMap(({ id }, at) => {
    if (id === undefined) return [];
    const before = seen.get(id);
    if (before === undefined) seen.set(id, at);
    return before === undefined
      ? []
      : [{ path: `items.${at}.id`, message: `is that of items.${before}, too` }];
  });
}

/** The job as the store adds it; what is wrong with it goes to `errors`. */
function checked(entry: Entry, target: JobTarget | undefined, path: string, errors: FieldError[]): CreateJob {
  const type = target?.type;
  const job = toCreateJob({ ...entry, delay: 0 }, type);
  if (!type || errors.length >= MOST_ERRORS) return job;
  try {
    checkPayload(type, job.payload);
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    errors.push(...error.errors.map((fault) => ({ ...fault, path: `${path}.${fault.path}` })));
  }
  return job;
}
