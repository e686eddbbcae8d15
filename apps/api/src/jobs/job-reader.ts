import { Injectable } from '@nestjs/common';
import type { JobView } from '#libs/contracts';
import { JobNotFoundError } from '#libs/queue';
import type { Caller } from '../access/caller.js';
import { JobStores } from '../redis/job-stores.js';
import { QueueName } from '../redis/queue-name.js';

/** Where jobs are looked for that Redis has no more. */
export abstract class FinishedJobs {
  abstract find(id: string, queue: string): Promise<JobView | undefined>;
}

/** Finds jobs for callers. The job of somebody else is, to a caller who may see only its own, like one that does not exist. */
@Injectable()
export class JobReader {
  constructor(
    private readonly stores: JobStores,
    private readonly own: QueueName,
    private readonly finished: FinishedJobs,
  ) {}

  /** A job, also one that Redis has no more. @throws {JobNotFoundError} */
  async find(caller: Caller, id: string, queue: string | undefined): Promise<JobView> {
    const job =
      (await this.stores.of(queue).find(id)) ?? (await this.finished.find(id, queue ?? this.own.name));
    return seenBy(caller, id, job);
  }

  /** A job that Redis has. @throws {JobNotFoundError} */
  async findLive(caller: Caller, id: string, queue: string | undefined): Promise<JobView> {
    return seenBy(caller, id, await this.stores.of(queue).find(id));
  }

  /** Lets callers pass that may touch any job, and others if it is theirs. @throws {JobNotFoundError} */
  async assertTouchable(caller: Caller, id: string, queue: string | undefined): Promise<void> {
    if (caller.isLimitedToOwn) await this.findLive(caller, id, queue);
  }
}

function seenBy(caller: Caller, id: string, job: JobView | undefined): JobView {
  if (!job || (caller.isLimitedToOwn && job.creator !== caller.name)) throw new JobNotFoundError(id);
  return job;
}
