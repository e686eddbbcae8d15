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
  createJobSchema,
  jobActionSchema,
  jobLogsQuerySchema,
  jobQueueSchema,
  listJobsSchema,
  REST_DEFAULTS,
  type JobActionRequest,
  type JobLogs,
  type JobLogsQuery,
  type JobPage,
  type JobQueueQuery,
  type JobStats,
  type JobView,
  type ListJobsQuery,
  type RemovedJob,
  type ValidCreateJobRequest,
} from '#libs/contracts';
import { JobNotFoundError } from '#libs/queue';
import { HistoryJobs } from '../history/history-jobs.js';
import { Access } from '../access/access.decorator.js';
import { RedisGuardInterceptor } from '../redis/redis-guard.interceptor.js';
import { JobStores } from '../redis/job-stores.js';
import { QueueName } from '../redis/queue-name.js';
import { checkPayload } from '../types/check-payload.js';
import { addJob } from './add-job.js';
import { toCreateJob } from './create-job.js';
import { actOnJob } from './job-actions.js';
import { JobTargets } from './job-targets.js';
import { RemovedArtifacts } from './removed-artifacts.js';
import { DocAct, DocCreate, DocFind, DocList, DocLogs, DocStats } from './jobs.docs.js';

/** REST of jobs. */
@ApiTags('jobs')
@Controller('jobs')
@UseInterceptors(RedisGuardInterceptor)
@Access('viewer')
export class JobsController {
  constructor(
    private readonly artifacts: RemovedArtifacts,
    private readonly stores: JobStores,
    private readonly targets: JobTargets,
    private readonly own: QueueName,
    private readonly history: HistoryJobs,
  ) {}

  @Access('operator')
  @Post()
  @DocCreate()
  async create(
    @Body({ schema: createJobSchema }) { queue: asked, ...body }: ValidCreateJobRequest,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<JobView> {
    const { queue, type } = await this.targets.find(body.type, asked);
    if (type) checkPayload(type, body.payload ?? {});
    const { job, created } = await addJob(this.stores.of(queue), toCreateJob(body, type), key);
    // Nothing new: the answer to the first request, once more.
    if (!created) response.status(200);
    const elsewhere = queue === this.own.name ? '' : `?queue=${encodeURIComponent(queue)}`;
    response.setHeader('Location', `/api/jobs/${encodeURIComponent(job.id)}${elsewhere}`);
    return job;
  }

  @Get()
  @DocList()
  list(@Query({ schema: listJobsSchema }) { queue, ...query }: ListJobsQuery): Promise<JobPage> {
    return this.stores.of(queue).list(query);
  }

  // Before ':id', which would take it for an id.
  @Get('stats')
  @DocStats()
  stats(@Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery): Promise<JobStats> {
    return this.stores.of(queue).stats();
  }

  @Get(':id')
  @DocFind()
  async find(
    @Param('id') id: string,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
  ): Promise<JobView> {
    const job =
      (await this.stores.of(queue).find(id)) ?? (await this.history.find(queue ?? this.own.name, id));
    if (!job) throw new JobNotFoundError(id);
    return job;
  }

  @Get(':id/logs')
  @DocLogs()
  logs(
    @Param('id') id: string,
    @Query({ schema: jobLogsQuerySchema }) query: JobLogsQuery,
  ): Promise<JobLogs> {
    const { queue, start, end = start + REST_DEFAULTS.logRows - 1 } = query;
    return this.stores.of(queue).logs(id, start, end);
  }

  @Access('operator')
  @Post(':id/action')
  @HttpCode(200)
  @DocAct()
  async act(
    @Param('id') id: string,
    @Body({ schema: jobActionSchema }) { action }: JobActionRequest,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
  ): Promise<JobView | RemovedJob> {
    const done = await actOnJob(this.stores.of(queue), this.artifacts, { id, queue }, action);
    if (action === 'remove') await this.history.noteRemoved(queue ?? this.own.name, id);
    return done;
  }
}
