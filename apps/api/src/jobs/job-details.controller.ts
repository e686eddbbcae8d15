import { Controller, Get, Headers, Param, Query, Res, StreamableFile, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ArtifactNotFoundError, isOfJob, type Artifact } from '#libs/artifacts';
import {
  jobQueueSchema,
  type JobArtifacts,
  type JobQueueQuery,
  type JobReasons,
  type JobResult,
  type JobTimeline,
} from '#libs/contracts';
import { JobNotFoundError, JobResultNotFoundError } from '#libs/queue';
import { Access } from '../access/access.decorator.js';
import { CurrentCaller, type Caller } from '../access/caller.js';
import { RedisGuardInterceptor } from '../redis/redis-guard.interceptor.js';
import { JobStores } from '../redis/job-stores.js';
import { ArtifactFiles } from './artifact-files.js';
import { artifactHeaders, mediaTypeOf, partAskedFor } from './artifact-headers.js';
import { JobIdPipe } from './job-id.pipe.js';
import { JobReader } from './job-reader.js';
import { timelineOf } from './timeline.js';
import { DocArtifact, DocArtifacts, DocResult, DocTimeline, DocWhy } from './job-details.docs.js';

/** REST of what a job has left, what happened to it, and what it waits for. */
@ApiTags('jobs')
@Controller('jobs/:id')
@UseInterceptors(RedisGuardInterceptor)
@Access('viewer', { forOwnJobs: true })
export class JobDetailsController {
  constructor(
    private readonly reader: JobReader,
    private readonly stores: JobStores,
    private readonly files: ArtifactFiles,
  ) {}

  @Get('result')
  @DocResult()
  async result(
    @Param('id', JobIdPipe) id: string,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<JobResult> {
    const { status, result } = await this.reader.find(caller, id, queue);
    if (status !== 'completed' || result === undefined) throw new JobResultNotFoundError(id);
    return { id, result };
  }

  @Get('timeline')
  @DocTimeline()
  async timeline(
    @Param('id', JobIdPipe) id: string,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<JobTimeline> {
    return timelineOf(await this.reader.find(caller, id, queue));
  }

  @Get('why')
  @DocWhy()
  async why(
    @Param('id', JobIdPipe) id: string,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<JobReasons> {
    const job = await this.reader.findLive(caller, id, queue);
    const { status, state, position } = job;
    const why = await this.stores.of(queue).why(job);
    return { id, status, state, ...(position !== undefined && { position }), ...why };
  }

  @Get('artifacts')
  @DocArtifacts()
  async artifacts(
    @Param('id', JobIdPipe) id: string,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<JobArtifacts> {
    const all = await this.files.list(id, queue);
    const files = all.filter(await this.readable(caller, id, queue, all.length > 0));
    const query = queue === undefined ? '' : `?queue=${encodeURIComponent(queue)}`;
    const items = files.map(({ name, size, contentType, createdAt }) => ({
      name,
      size,
      contentType: mediaTypeOf({ contentType }),
      createdAt,
      url: `/api/jobs/${encodeURIComponent(id)}/artifacts/${encodeURIComponent(name)}${query}`,
    }));
    return { items };
  }

  @Get('artifacts/:name')
  @DocArtifact()
  async artifact(
    @Param('id', JobIdPipe) id: string,
    @Param('name') name: string,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
    @Headers('range') range: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<StreamableFile> {
    const isReadable = await this.readable(caller, id, queue, true);
    const file = await this.files.open(id, name, queue, (size) => partAskedFor(range, size));
    if (!isReadable(file)) {
      file.stream.destroy();
      throw new ArtifactNotFoundError(id, name);
    }
    if (file.part) response.status(206);
    response.set(artifactHeaders(file));
    return new StreamableFile(file.stream);
  }

  /**
   * Files outlive their jobs: whoever may see any job may see those of a job that is gone. Of a job that there is nobody sees what an
   * earlier one of its id has left, which may have been somebody else's.
   *
   * @returns whether a file may be seen.
   * @throws {JobNotFoundError} when a caller may see none, or there is neither a job nor `hasFiles`.
   */
  private async readable(
    caller: Caller,
    id: string,
    queue: string | undefined,
    hasFiles: boolean,
  ): Promise<(file: Pick<Artifact, 'createdAt' | 'jobCreatedAt'>) => boolean> {
    try {
      const { createdAt } = await this.reader.find(caller, id, queue);
      return (file) => isOfJob(file, createdAt);
    } catch (error) {
      if (!(error instanceof JobNotFoundError) || caller.isLimitedToOwn || !hasFiles) throw error;
      return () => true;
    }
  }
}
