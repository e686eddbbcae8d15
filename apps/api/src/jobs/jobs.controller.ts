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
  listJobsSchema,
  REST_DEFAULTS,
  type JobActionRequest,
  type JobLogs,
  type JobLogsQuery,
  type JobPage,
  type JobStats,
  type JobView,
  type ListJobsQuery,
  type RemovedJob,
  type ValidCreateJobRequest,
} from '#libs/contracts';
import { JobNotFoundError, QueueService } from '#libs/queue';
import { RedisGuardInterceptor } from '../redis/redis-guard.interceptor.js';
import { checkPayload } from '../types/check-payload.js';
import { TypeDirectory } from '../types/type-directory.js';
import { addJob } from './add-job.js';
import { toCreateJob } from './create-job.js';
import { actOnJob } from './job-actions.js';
import { RemovedArtifacts } from './removed-artifacts.js';
import { DocAct, DocCreate, DocFind, DocList, DocLogs, DocStats } from './jobs.docs.js';

/** REST of jobs. */
@ApiTags('jobs')
@Controller('jobs')
@UseInterceptors(RedisGuardInterceptor)
export class JobsController {
  constructor(
    private readonly queue: QueueService,
    private readonly types: TypeDirectory,
    private readonly artifacts: RemovedArtifacts,
  ) {}

  @Post()
  @DocCreate()
  async create(
    @Body({ schema: createJobSchema }) body: ValidCreateJobRequest,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<JobView> {
    const type = await this.types.find(body.type);
    if (type) checkPayload(type, body.payload ?? {});
    const { job, created } = await addJob(this.queue.jobs, toCreateJob(body, type), key);
    // Nothing new: the answer to the first request, once more.
    if (!created) response.status(200);
    response.setHeader('Location', `/api/jobs/${encodeURIComponent(job.id)}`);
    return job;
  }

  @Get()
  @DocList()
  list(@Query({ schema: listJobsSchema }) query: ListJobsQuery): Promise<JobPage> {
    return this.queue.jobs.list(query);
  }

  // Before ':id', which would take it for an id.
  @Get('stats')
  @DocStats()
  stats(): Promise<JobStats> {
    return this.queue.jobs.stats();
  }

  @Get(':id')
  @DocFind()
  async find(@Param('id') id: string): Promise<JobView> {
    const job = await this.queue.jobs.find(id);
    if (!job) throw new JobNotFoundError(id);
    return job;
  }

  @Get(':id/logs')
  @DocLogs()
  logs(
    @Param('id') id: string,
    @Query({ schema: jobLogsQuerySchema }) query: JobLogsQuery,
  ): Promise<JobLogs> {
    const { start, end = start + REST_DEFAULTS.logRows - 1 } = query;
    return this.queue.jobs.logs(id, start, end);
  }

  @Post(':id/action')
  @HttpCode(200)
  @DocAct()
  act(
    @Param('id') id: string,
    @Body({ schema: jobActionSchema }) { action }: JobActionRequest,
  ): Promise<JobView | RemovedJob> {
    return actOnJob(this.queue.jobs, this.artifacts, id, action);
  }
}
