import { Injectable } from '@nestjs/common';
import { QueueRoutes, type LiveType } from '#libs/contracts';
import { TypeQueues } from '#libs/queue';
import { InvalidRequestError } from '../problems/api-errors.js';
import { QueueName } from '../redis/queue-name.js';
import { checkPayload } from '../types/check-payload.js';
import { TypeDirectory } from '../types/type-directory.js';
import { assertPayloadSize } from './create-job.js';

/** Where a new job goes, and what its payload has to fit. */
export interface JobTarget {
  readonly queue: string;
  /** Absent = no live worker publishes the type where its jobs go. */
  readonly type: LiveType | undefined;
}

/** Decides which queue a new job goes to. */
@Injectable()
export class JobTargets {
  constructor(
    private readonly own: QueueName,
    private readonly queues: TypeQueues,
    private readonly types: TypeDirectory,
    private readonly routes: QueueRoutes,
  ) {}

  /** @throws {InvalidRequestError} for a queue that nobody is known to look at. */
  async find(type: string, asked: string | undefined): Promise<JobTarget> {
    const here = await this.types.find(type);
    const queue = asked ?? (await this.queues.queueOf(type));
    if (asked !== undefined) this.checkKnown(asked, here);
    if (queue === this.own.name) return { queue, type: here };
    const there = await this.queues.published(queue, type);
    // The same handler as there, in a worker of this queue; what is routed away may be another program's by now.
    const isSame = here?.queue === queue && this.routes.queueOf(type) === undefined;
    return { queue, type: there ?? (isSame ? here : undefined) };
  }

  /**
   * Checks the payload of a job that there is: its size, and whether it fits its type.
   *
   * @param queue of the job, where that is not the API's own.
   * @throws {BodyTooLargeError}, {InvalidRequestError}
   */
  async checkPayload(name: string, queue: string | undefined, payload: unknown): Promise<void> {
    assertPayloadSize(payload);
    const isHere = queue === undefined || queue === this.own.name;
    const type = await (isHere ? this.types.find(name) : this.queues.published(queue, name));
    if (type) checkPayload(type, payload);
  }

  private checkKnown(queue: string, type: LiveType | undefined): void {
    const known = [...this.own.all, ...(type ? [type.queue] : [])];
    if (known.includes(queue)) return;
    throw new InvalidRequestError([
      { path: 'queue', message: `is none that is looked after here: ${this.own.all.join(', ')}` },
    ]);
  }
}
