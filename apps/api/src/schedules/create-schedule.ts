import { createHash, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { CreateSchedule } from '#libs/contracts';
import { IdempotencyKeyReusedError } from '#libs/queue';
import { assertIdempotencyKey } from '../http/idempotency-key.js';
import { InvalidRequestError } from '../problems/api-errors.js';
import { ScheduleExistsError } from '../problems/operation-errors.js';
import { ScheduleWriter } from './put-schedule.js';
import type { StoredSchedule } from './read-schedule.js';
import { ScheduleStore } from './schedule-store.js';

/** Makes schedules that were not there before. */
@Injectable()
export class ScheduleCreator {
  constructor(
    private readonly store: ScheduleStore,
    private readonly writer: ScheduleWriter,
  ) {}

  /**
   * Makes a schedule; with a key only once for that key and creator, as long as the schedule is kept.
   *
   * @returns the schedule; `created` is false when an earlier request with the key made it.
   * @throws {ScheduleExistsError} when the id is taken; {InvalidRequestError} for a key that is none, or beside an id;
   * {IdempotencyKeyReusedError}; and as {@link ScheduleWriter.put}.
   */
  async create(
    body: CreateSchedule,
    creator: string,
    key: string | undefined,
  ): Promise<{ schedule: StoredSchedule; created: boolean }> {
    assertKey(key, body.id);
    const { id = idOf(key, creator), queue: asked, ...settings } = body;
    const request = key === undefined ? undefined : fingerprint(body);
    const queue = await this.writer.queueOf(settings.type, asked);
    try {
      await this.writer.create(queue, id, settings, creator, request);
    } catch (error) {
      if (key === undefined || !(error instanceof ScheduleExistsError)) throw error;
      const schedule = await this.store.get(queue, id);
      if (schedule.opts.request !== request) throw new IdempotencyKeyReusedError(key);
      return { schedule, created: false };
    }
    return { schedule: await this.store.get(queue, id), created: true };
  }
}

function assertKey(key: string | undefined, id: string | undefined): void {
  assertIdempotencyKey(key);
  if (key === undefined || id === undefined) return;
  throw new InvalidRequestError([
    { path: 'id', message: 'cannot be given with an Idempotency-Key, which stands for one' },
  ]);
}

const idOf = (key: string | undefined, creator: string): string =>
  key === undefined ? randomUUID() : `once-${fingerprint([creator, key])}`;

/** 32 characters that stand for a JSON value. */
function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 32);
}
