import { Injectable } from '@nestjs/common';
import { REST_DEFAULTS, type PutSchedule } from '#libs/contracts';
import { jobOptions, type NewSchedulerOptions } from '#libs/queue';
import { toCreateJob } from '../jobs/create-job.js';
import { JobTargets } from '../jobs/job-targets.js';
import { checkPayload } from '../types/check-payload.js';
import { ScheduleStore } from './schedule-store.js';

/** Adds and replaces schedules that people make. */
@Injectable()
export class ScheduleWriter {
  constructor(
    private readonly store: ScheduleStore,
    private readonly targets: JobTargets,
  ) {}

  /**
   * The queue that the jobs of a schedule go to.
   *
   * @throws {InvalidRequestError} for a queue that nobody is known to look at.
   */
  async queueOf(type: string, asked: string | undefined): Promise<string> {
    return (await this.targets.find(type, asked)).queue;
  }

  /**
   * Adds a schedule that must be new.
   *
   * @param request fingerprint of the request, where an idempotency key came with it.
   * @throws {ScheduleExistsError}, and as {@link put}.
   */
  create(queue: string, id: string, body: PutSchedule, creator: string, request?: string): Promise<void> {
    return this.write(queue, id, body, { creator, request, mustBeNew: true });
  }

  /**
   * Adds a schedule, or gives it these settings in place of those before; then its next run is planned anew.
   *
   * @param request of the schedule before, which it keeps.
   * @throws {InvalidRequestError} for a payload that does not fit its type; {BodyTooLargeError}, {ScheduleConflictError}.
   */
  async put(queue: string, id: string, body: PutSchedule, creator: string, request?: string): Promise<void> {
    return this.write(queue, id, body, { creator, request, mustBeNew: false });
  }

  private async write(
    queue: string,
    id: string,
    body: PutSchedule,
    { creator, request, mustBeNew }: { creator: string; request: string | undefined; mustBeNew: boolean },
  ): Promise<void> {
    const {
      type: name,
      payload = {},
      priority,
      attempts,
      cron,
      every,
      timeZone = 'UTC',
      start,
      end,
      limit,
    } = body;
    const { type } = await this.targets.find(name, queue);
    if (type) checkPayload(type, payload);
    const job = toCreateJob({ type: name, payload, priority, delay: 0 }, type);
    const repeat: NewSchedulerOptions = {
      ...(mustBeNew && { mustBeNew }),
      ...(cron === undefined ? { every: every ?? 0 } : { pattern: cron, tz: timeZone }),
      ...(start !== undefined && { startDate: Date.parse(start) }),
      ...(end !== undefined && { endDate: Date.parse(end) }),
      ...(limit !== undefined && { limit }),
    };
    const inForce = priority ?? type?.settings.priority ?? REST_DEFAULTS.priority;
    const traits = jobOptions({ priority: inForce, attempts, creator });
    const opts = { ...traits, ...(request !== undefined && { request }) };
    await this.store.put(queue, id, repeat, { name, data: job.payload, opts });
  }
}
