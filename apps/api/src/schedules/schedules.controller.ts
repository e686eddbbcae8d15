import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Post,
  Put,
  Query,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { z } from 'zod';
import {
  createScheduleSchema,
  jobQueueSchema,
  listSchedulesSchema,
  putSchedulePathSchema,
  putScheduleSchema,
  schedulePathSchema,
  type CreateSchedule,
  type JobQueueQuery,
  type ListSchedulesQuery,
  type PutSchedule,
  type ScheduledRun,
  type SchedulePage,
  type SchedulePath,
  type ScheduleView,
} from '#libs/contracts';
import { Access } from '../access/access.decorator.js';
import { CurrentCaller, type Caller } from '../access/caller.js';
import { fromCursor, toCursor } from '../http/cursor.js';
import { ScheduleOfTypeError } from '../problems/operation-errors.js';
import { RedisGuardInterceptor } from '../redis/redis-guard.interceptor.js';
import { TypesOfQueue } from '../types/types-of-queue.js';
import { ScheduleCreator } from './create-schedule.js';
import { ScheduleWriter } from './put-schedule.js';
import { ScheduleStore } from './schedule-store.js';
import { isOfType, toSummary, toView } from './schedule-views.js';
import { AuditBody } from '../audit/tell-body.js';
import {
  DocCreate,
  DocFind,
  DocList,
  DocPause,
  DocPut,
  DocRemove,
  DocResume,
  DocRun,
} from './schedules.docs.js';

/** Queue and id of the last schedule of a page. */
const placeSchema = z.tuple([z.string(), z.string()]);

/** REST of schedules: job schedulers of every queue, those of types too. */
@ApiTags('schedules')
@Controller('schedules')
@UseInterceptors(RedisGuardInterceptor)
@Access('viewer')
export class SchedulesController {
  constructor(
    private readonly store: ScheduleStore,
    private readonly writer: ScheduleWriter,
    private readonly creator: ScheduleCreator,
    private readonly types: TypesOfQueue,
  ) {}

  @Get()
  @DocList()
  async list(
    @Query({ schema: listSchedulesSchema }) { cursor, limit, queue }: ListSchedulesQuery,
  ): Promise<SchedulePage> {
    const after = fromCursor(placeSchema, cursor);
    const places = await this.store.places(queue);
    const isBehind = (place: readonly [string, string]) =>
      !after || place[0] > after[0] || (place[0] === after[0] && place[1] > after[1]);
    const rest = places.filter(isBehind);
    const page = rest.slice(0, limit);
    const found = await Promise.all(page.map(([of, id]) => this.store.find(of, id)));
    const last = rest.length > limit ? page.at(-1) : undefined;
    return {
      items: found.flatMap((schedule) => (schedule ? [toSummary(schedule)] : [])),
      total: places.length,
      ...(last && { nextCursor: toCursor(last) }),
    };
  }

  @Access('operator')
  @Post()
  @AuditBody<CreateSchedule>({
    id: 'value',
    queue: 'value',
    type: 'value',
    cron: 'value',
    timeZone: 'value',
    every: 'value',
    start: 'value',
    end: 'value',
    limit: 'value',
    priority: 'value',
    attempts: 'value',
    payload: 'omitted',
  })
  @DocCreate()
  async create(
    @Body({ schema: createScheduleSchema }) body: CreateSchedule,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ScheduleView> {
    const { schedule, created } = await this.creator.create(body, caller.name, key);
    if (!created) response.status(200);
    const { queue, id } = schedule;
    response.setHeader('Location', `/api/schedules/${id}?queue=${encodeURIComponent(queue)}`);
    return toView(schedule);
  }

  @Get(':id')
  @DocFind()
  async find(
    @Param({ schema: schedulePathSchema }) { id }: SchedulePath,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
  ): Promise<ScheduleView> {
    return toView(await this.store.get(queue, id));
  }

  @Access('operator')
  @Put(':id')
  @AuditBody<PutSchedule>({
    type: 'value',
    cron: 'value',
    timeZone: 'value',
    every: 'value',
    start: 'value',
    end: 'value',
    limit: 'value',
    priority: 'value',
    attempts: 'value',
    payload: 'omitted',
  })
  @DocPut()
  async put(
    @Param({ schema: putSchedulePathSchema }) { id }: SchedulePath,
    @Body({ schema: putScheduleSchema }) body: PutSchedule,
    @Query({ schema: jobQueueSchema }) { queue: asked }: JobQueueQuery,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ScheduleView> {
    const queue = await this.writer.queueOf(body.type, asked);
    const before = await this.store.find(queue, id);
    if (!before) response.status(201);
    await this.writer.put(queue, id, body, caller.name, before?.opts.request);
    return toView(await this.store.get(queue, id));
  }

  @Access('operator')
  @Post(':id/pause')
  @HttpCode(200)
  @DocPause()
  async pause(
    @Param({ schema: schedulePathSchema }) { id }: SchedulePath,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
  ): Promise<ScheduleView> {
    await this.store.pause(await this.store.get(queue, id));
    return toView(await this.store.get(queue, id));
  }

  @Access('operator')
  @Post(':id/resume')
  @HttpCode(200)
  @DocResume()
  async resume(
    @Param({ schema: schedulePathSchema }) { id }: SchedulePath,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
  ): Promise<ScheduleView> {
    await this.store.resume(await this.store.get(queue, id));
    return toView(await this.store.get(queue, id));
  }

  @Access('operator')
  @Post(':id/run')
  @DocRun()
  async run(
    @Param({ schema: schedulePathSchema }) { id }: SchedulePath,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<ScheduledRun> {
    const schedule = await this.store.get(queue, id);
    return { jobId: await this.store.run(schedule, caller.name), queue: schedule.queue };
  }

  @Access('operator')
  @Delete(':id')
  @HttpCode(204)
  @DocRemove()
  async remove(
    @Param({ schema: schedulePathSchema }) { id }: SchedulePath,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
  ): Promise<void> {
    const schedule = await this.store.get(queue, id);
    if (isOfType(id)) {
      const live = (await this.types.list(undefined)).find(({ type }) => type === schedule.type);
      if (live?.schedule) throw new ScheduleOfTypeError(id, schedule.type);
    }
    await this.store.remove(schedule);
  }
}
