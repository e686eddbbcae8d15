import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Param,
  Post,
  Query,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import {
  createBatchSchema,
  jobQueueSchema,
  listBatchesSchema,
  listBatchItemsSchema,
  type BatchItemView,
  type BatchView,
  type JobQueueQuery,
  type ListBatchesQuery,
  type Page,
  type ValidCreateBatchRequest,
} from '#libs/contracts';
import { BatchNotFoundError, IdsTakenError } from '#libs/queue';
import { Access } from '../access/access.decorator.js';
import { CurrentCaller, type Caller } from '../access/caller.js';
import { fromCursor, toCursor } from '../http/cursor.js';
import { assertIdempotencyKey } from '../http/idempotency-key.js';
import { idsExist } from '../jobs/ids-exist.js';
import { JobStores } from '../redis/job-stores.js';
import { QueueName } from '../redis/queue-name.js';
import { LONG_REQUEST_MS, RedisGuard } from '../redis/redis-guard.js';
import { RedisGuardInterceptor } from '../redis/redis-guard.interceptor.js';
import { batchIdOf, batchPlaceSchema, itemPlaceSchema } from './batch-id.js';
import { BatchTargets } from './batch-targets.js';
import { AuditBody } from '../audit/tell-body.js';
import { DocCancel, DocCreate, DocFind, DocItems, DocList } from './batches.docs.js';

/** REST of batches: jobs that are added together and followed as one. */
@ApiTags('batches')
@Controller('batches')
@Access('viewer', { forOwnJobs: true })
export class BatchesController {
  constructor(
    private readonly stores: JobStores,
    private readonly targets: BatchTargets,
    private readonly own: QueueName,
    private readonly guard: RedisGuard,
  ) {}

  @Access('operator', { forOwnJobs: true })
  @Post()
  @AuditBody<ValidCreateBatchRequest>({
    name: 'value',
    queue: 'value',
    limit: 'value',
    items: 'count',
    callback: { type: 'value', priority: 'value', payload: 'omitted' },
  })
  @DocCreate()
  async create(
    @Body({ schema: createBatchSchema }) body: ValidCreateBatchRequest,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BatchView> {
    assertIdempotencyKey(key);
    const add = () => this.add(body, caller, key);
    const { queue, batch, created } = await this.guard.run(add, true, LONG_REQUEST_MS);
    // Nothing new: the answer to the first request, as things stand now.
    if (!created) response.status(200);
    const elsewhere = queue === this.own.name ? '' : `?queue=${encodeURIComponent(queue)}`;
    response.setHeader('Location', `/api/batches/${batch.id}${elsewhere}`);
    return batch;
  }

  @Get()
  @UseInterceptors(RedisGuardInterceptor)
  @DocList()
  async list(
    @Query({ schema: listBatchesSchema }) { queue, cursor, limit }: ListBatchesQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<Page<BatchView>> {
    const after = fromCursor(batchPlaceSchema, cursor);
    const creator = caller.isLimitedToOwn ? caller.name : undefined;
    const { items, next } = await this.stores.batchesOf(queue).list({ limit, after, creator });
    return { items, ...(next && { nextCursor: toCursor(next) }) };
  }

  @Get(':id')
  @UseInterceptors(RedisGuardInterceptor)
  @DocFind()
  async find(
    @Param('id') id: string,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<BatchView> {
    return this.visible(await this.stores.batchesOf(queue).get(batchIdOf(id)), caller);
  }

  @Get(':id/items')
  @UseInterceptors(RedisGuardInterceptor)
  @DocItems()
  async items(
    @Param('id') id: string,
    @Query({ schema: listBatchItemsSchema }) { queue, cursor, limit }: ListBatchesQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<Page<BatchItemView> & { total: number }> {
    const { from } = fromCursor(itemPlaceSchema, cursor) ?? { from: 0 };
    const store = this.stores.batchesOf(queue);
    await this.checkVisible(batchIdOf(id), queue, caller);
    const { items, total } = await store.items(id, from, limit);
    const next = from + items.length;
    return {
      items,
      total,
      ...(items.length > 0 && next < total && { nextCursor: toCursor({ from: next }) }),
    };
  }

  @Access('operator', { forOwnJobs: true })
  @Post(':id/cancel')
  @HttpCode(200)
  @UseInterceptors(RedisGuardInterceptor)
  @DocCancel()
  async cancel(
    @Param('id') id: string,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<BatchView> {
    await this.checkVisible(batchIdOf(id), queue, caller);
    return this.stores.batchesOf(queue).cancel(id);
  }

  private async add(body: ValidCreateBatchRequest, caller: Caller, key: string | undefined) {
    const { queue, batch } = await this.targets.resolve(body);
    try {
      const wanted = { ...batch, creator: caller.name };
      return { queue, ...(await this.stores.batchesOf(queue).create(wanted, key)) };
    } catch (error) {
      throw error instanceof IdsTakenError ? idsExist(error, 'items') : error;
    }
  }

  /** Somebody else's batch is answered like a missing one. */
  private visible(batch: BatchView, caller: Caller): BatchView {
    if (caller.isLimitedToOwn && batch.creator !== caller.name) throw new BatchNotFoundError(batch.id);
    return batch;
  }

  private async checkVisible(id: string, queue: string | undefined, caller: Caller): Promise<void> {
    if (!caller.isLimitedToOwn) return;
    if ((await this.stores.batchesOf(queue).creatorOf(id)) !== caller.name) throw new BatchNotFoundError(id);
  }
}
