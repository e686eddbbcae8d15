import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import {
  createJobSchema,
  jobActionSchema,
  jobLogsQuerySchema,
  jobQueueSchema,
  listJobsSchema,
  REST_DEFAULTS,
  updateJobSchema,
  type JobActionRequest,
  type JobLogs,
  type JobLogsQuery,
  type JobPage,
  type JobQueueQuery,
  type JobStats,
  type JobView,
  type ListJobsQuery,
  type RemovedJob,
  type UpdateJobRequest,
  type ValidCreateJobRequest,
} from '#libs/contracts';
import { HistoryJobs } from '../history/history-jobs.js';
import { Access } from '../access/access.decorator.js';
import { CurrentCaller, type Caller } from '../access/caller.js';
import { RedisGuardInterceptor } from '../redis/redis-guard.interceptor.js';
import { JobStores } from '../redis/job-stores.js';
import { QueueName } from '../redis/queue-name.js';
import { checkPayload } from '../types/check-payload.js';
import { addJob } from './add-job.js';
import { toCreateJob } from './create-job.js';
import { actOnJob } from './job-actions.js';
import { JobIdPipe } from './job-id.pipe.js';
import { JobReader } from './job-reader.js';
import { JobTargets } from './job-targets.js';
import { listJobs } from './list-jobs.js';
import { RemovedArtifacts } from './removed-artifacts.js';
import { AuditBody } from '../audit/tell-body.js';
import { DocAct, DocCreate, DocFind, DocList, DocLogs, DocStats, DocUpdate } from './jobs.docs.js';

/** REST of jobs. */
@ApiTags('jobs')
@Controller('jobs')
@UseInterceptors(RedisGuardInterceptor)
@Access('viewer', { forOwnJobs: true })
export class JobsController {
  constructor(
    private readonly artifacts: RemovedArtifacts,
    private readonly stores: JobStores,
    private readonly targets: JobTargets,
    private readonly reader: JobReader,
    private readonly own: QueueName,
    private readonly history: HistoryJobs,
  ) {}

  @Access('operator', { forOwnJobs: true })
  @Post()
  @AuditBody<ValidCreateJobRequest>({
    type: 'value',
    queue: 'value',
    id: 'value',
    priority: 'value',
    delay: 'value',
    attempts: 'value',
    timeout: 'value',
    tags: 'value',
    payload: 'omitted',
  })
  @DocCreate()
  async create(
    @Body({ schema: createJobSchema }) { queue: asked, ...body }: ValidCreateJobRequest,
    @CurrentCaller() caller: Caller,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<JobView> {
    const { queue, type } = await this.targets.find(body.type, asked);
    if (type) checkPayload(type, body.payload ?? {});
    const wanted = { ...toCreateJob(body, type), creator: caller.name };
    const { job, created } = await addJob(this.stores.of(queue), wanted, key);
    // Nothing new: the answer to the first request, once more.
    if (!created) response.status(200);
    const elsewhere = queue === this.own.name ? '' : `?queue=${encodeURIComponent(queue)}`;
    response.setHeader('Location', `/api/jobs/${encodeURIComponent(job.id)}${elsewhere}`);
    return job;
  }

  @Get()
  @DocList()
  list(
    @Query({ schema: listJobsSchema }) query: ListJobsQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<JobPage> {
    return listJobs(this.stores.of(query.queue), caller, query);
  }

  // Before ':id', which would take it for an id.
  @Get('stats')
  @DocStats()
  stats(
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<JobStats> {
    const jobs = this.stores.of(queue);
    return caller.isLimitedToOwn ? jobs.statsOf({ creator: caller.name }) : jobs.stats();
  }

  @Get(':id')
  @DocFind()
  find(
    @Param('id', JobIdPipe) id: string,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<JobView> {
    return this.reader.find(caller, id, queue);
  }

  @Access('operator', { forOwnJobs: true })
  @Patch(':id')
  @AuditBody<UpdateJobRequest>({ priority: 'value', delay: 'value', payload: 'omitted' })
  @DocUpdate()
  async update(
    @Param('id', JobIdPipe) id: string,
    @Body({ schema: updateJobSchema }) body: UpdateJobRequest,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<JobView> {
    const job = await this.reader.findLive(caller, id, queue);
    if (body.payload !== undefined) await this.targets.checkPayload(job.type, queue, body.payload);
    return this.stores.of(queue).update(id, body);
  }

  @Get(':id/logs')
  @DocLogs()
  async logs(
    @Param('id', JobIdPipe) id: string,
    @Query({ schema: jobLogsQuerySchema }) query: JobLogsQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<JobLogs> {
    const { queue, start, end = start + REST_DEFAULTS.logRows - 1 } = query;
    await this.reader.assertTouchable(caller, id, queue);
    return this.stores.of(queue).logs(id, start, end);
  }

  @Access('operator', { forOwnJobs: true })
  @Post(':id/action')
  @HttpCode(200)
  @AuditBody<JobActionRequest>({ action: 'value', payload: 'omitted' })
  @DocAct()
  async act(
    @Param('id', JobIdPipe) id: string,
    @Body({ schema: jobActionSchema }) body: JobActionRequest,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<JobView | RemovedJob> {
    await this.reader.assertTouchable(caller, id, queue);
    if (body.payload !== undefined) {
      const { type } = await this.reader.findLive(caller, id, queue);
      await this.targets.checkPayload(type, queue, body.payload);
    }
    const task = { ...body, id, queue, caller: caller.name };
    const done = await actOnJob(this.stores.of(queue), this.artifacts, task);
    if (body.action === 'remove') await this.history.noteRemoved(queue ?? this.own.name, [id]);
    return done;
  }
}
