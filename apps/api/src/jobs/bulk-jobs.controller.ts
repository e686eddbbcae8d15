import { Body, Controller, Headers, HttpCode, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import {
  bulkActionSchema,
  bulkJobsSchema,
  type BulkActionDone,
  type BulkActionRequest,
  type BulkJobsAdded,
  type BulkJobsRequest,
} from '#libs/contracts';
import { Access } from '../access/access.decorator.js';
import { CurrentCaller, type Caller } from '../access/caller.js';
import { HistoryJobs } from '../history/history-jobs.js';
import { QueueName } from '../redis/queue-name.js';
import { JobStores } from '../redis/job-stores.js';
import { LONG_REQUEST_MS, RedisGuard } from '../redis/redis-guard.js';
import { actOnMany } from './act-on-many.js';
import { CreateMany } from './create-many.js';
import { RemovedArtifacts } from './removed-artifacts.js';
import { AuditBody } from '../audit/tell-body.js';
import { DocActOnMany, DocCreateMany } from './bulk-jobs.docs.js';

/** REST of many jobs at once. */
@ApiTags('jobs')
@Controller('jobs')
@Access('operator', { forOwnJobs: true })
export class BulkJobsController {
  constructor(
    private readonly many: CreateMany,
    private readonly stores: JobStores,
    private readonly artifacts: RemovedArtifacts,
    private readonly history: HistoryJobs,
    private readonly own: QueueName,
    private readonly guard: RedisGuard,
  ) {}

  @Post('bulk')
  @AuditBody<BulkJobsRequest>({ queue: 'value', onConflict: 'value', jobs: 'count' })
  @DocCreateMany()
  async create(
    @Body({ schema: bulkJobsSchema }) request: BulkJobsRequest,
    @CurrentCaller() caller: Caller,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BulkJobsAdded> {
    const { added, isNew } = await this.guard.run(
      () => this.many.create(request, caller, key),
      true,
      LONG_REQUEST_MS,
    );
    if (!isNew) response.status(200);
    return added;
  }

  @Post('actions')
  @HttpCode(200)
  @AuditBody<BulkActionRequest>({
    action: 'value',
    filter: 'value',
    ids: 'value',
    queue: 'value',
    dryRun: 'value',
    limit: 'value',
    cursor: 'omitted',
  })
  @DocActOnMany()
  act(
    @Body({ schema: bulkActionSchema }) request: BulkActionRequest,
    @CurrentCaller() caller: Caller,
  ): Promise<BulkActionDone> {
    const queue = request.queue ?? this.own.name;
    const onRemoved = async (ids: readonly string[]) => {
      await this.artifacts.removeAll(ids, queue);
      await this.history.noteRemoved(queue, ids);
    };
    const task = { jobs: this.stores.of(queue), onRemoved, caller, request };
    // Acting stops well before by itself.
    return this.guard.run(() => actOnMany(task), !request.dryRun, LONG_REQUEST_MS);
  }
}
