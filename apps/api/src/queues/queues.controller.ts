import { Body, Controller, Get, HttpCode, Param, Post, Put, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  cleanQueueSchema,
  drainQueueSchema,
  queueLimitsBodySchema,
  queuePathSchema,
  type CleanedQueue,
  type CleanQueue,
  type DrainedQueue,
  type DrainQueue,
  type QueueLatency,
  type QueueLimits,
  type QueueList,
  type QueuePath,
  type QueueStatistics,
  type QueueView,
} from '#libs/contracts';
import { Access } from '../access/access.decorator.js';
import { KnownQueues } from '../redis/known-queues.js';
import { RedisGuardInterceptor } from '../redis/redis-guard.interceptor.js';
import { cleanQueue } from './clean-queue.js';
import { QueueViews } from './queue-views.js';
import { AuditBody } from '../audit/tell-body.js';
import {
  DocClean,
  DocDrain,
  DocFind,
  DocLatency,
  DocLimits,
  DocList,
  DocPause,
  DocResume,
  DocStatistics,
} from './queues.docs.js';

/** REST of whole queues. */
@ApiTags('queues')
@Controller('queues')
@UseInterceptors(RedisGuardInterceptor)
@Access('viewer')
export class QueuesController {
  constructor(
    private readonly queues: KnownQueues,
    private readonly views: QueueViews,
  ) {}

  @Get()
  @DocList()
  async list(): Promise<QueueList> {
    return { items: await this.views.all() };
  }

  @Get(':queue')
  @DocFind()
  async find(@Param({ schema: queuePathSchema }) { queue }: QueuePath): Promise<QueueView> {
    return this.views.of(await this.queues.find(queue));
  }

  @Get(':queue/statistics')
  @DocStatistics()
  async statistics(@Param({ schema: queuePathSchema }) { queue }: QueuePath): Promise<QueueStatistics> {
    return this.views.statistics(await this.queues.find(queue));
  }

  @Get(':queue/latency')
  @DocLatency()
  async latency(@Param({ schema: queuePathSchema }) { queue }: QueuePath): Promise<QueueLatency> {
    return this.views.latency(await this.queues.find(queue));
  }

  @Access('operator')
  @Post(':queue/pause')
  @HttpCode(200)
  @DocPause()
  pause(@Param({ schema: queuePathSchema }) { queue }: QueuePath): Promise<QueueView> {
    return this.setPaused(queue, true);
  }

  @Access('operator')
  @Post(':queue/resume')
  @HttpCode(200)
  @DocResume()
  resume(@Param({ schema: queuePathSchema }) { queue }: QueuePath): Promise<QueueView> {
    return this.setPaused(queue, false);
  }

  @Access('operator')
  @Put(':queue/limits')
  @AuditBody<QueueLimits>({ concurrency: 'value', rate: 'value' })
  @DocLimits()
  async limit(
    @Param({ schema: queuePathSchema }) { queue }: QueuePath,
    @Body({ schema: queueLimitsBodySchema }) { concurrency, rate }: QueueLimits,
  ): Promise<QueueView> {
    const backend = await this.queues.find(queue);
    const { max = null, duration = null } = rate ?? {};
    await backend.limits.replace({ concurrency, max, duration });
    return this.views.of(backend);
  }

  @Access('operator')
  @Post(':queue/drain')
  @HttpCode(200)
  @AuditBody<DrainQueue>({ delayed: 'value', limit: 'value' })
  @DocDrain()
  async drain(
    @Param({ schema: queuePathSchema }) { queue }: QueuePath,
    @Body({ schema: drainQueueSchema }) { delayed, limit }: DrainQueue,
  ): Promise<DrainedQueue> {
    return (await this.queues.find(queue)).maintenance.drainSome(delayed, limit);
  }

  @Access('operator')
  @Post(':queue/clean')
  @HttpCode(200)
  @AuditBody<CleanQueue>({
    status: 'value',
    olderThan: 'value',
    limit: 'value',
    dryRun: 'value',
    cursor: 'omitted',
  })
  @DocClean()
  async clean(
    @Param({ schema: queuePathSchema }) { queue }: QueuePath,
    @Body({ schema: cleanQueueSchema }) body: CleanQueue,
  ): Promise<CleanedQueue> {
    return cleanQueue(await this.queues.find(queue), body);
  }

  private async setPaused(queue: string, paused: boolean): Promise<QueueView> {
    const backend = await this.queues.find(queue);
    await backend.maintenance.pause(paused);
    return this.views.of(backend);
  }
}
