import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Post,
  Put,
  Query,
  UseInterceptors,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  QueueRoutes,
  impossibleTogether,
  jobQueueSchema,
  typeOverridesBodySchema,
  typePathSchema,
  withOverrides,
  type JobQueueQuery,
  type LiveType,
  type TypeList,
  type TypeMetricsList,
  type TypeMetricsView,
  type TypeOverrides,
  type TypePath,
} from '#libs/contracts';
import { InvalidRequestError } from '../problems/api-errors.js';
import { Access } from '../access/access.decorator.js';
import { RedisGuardInterceptor } from '../redis/redis-guard.interceptor.js';
import { TypesOfQueue } from './types-of-queue.js';
import { AuditBody } from '../audit/tell-body.js';
import {
  DocAllMetrics,
  DocDisable,
  DocDropSettings,
  DocEnable,
  DocFind,
  DocList,
  DocMetrics,
  DocSetSettings,
  DocSettings,
} from './types.docs.js';

/** REST of job types: what workers run, and the settings that can be changed while they do. */
@ApiTags('types')
@Controller('types')
@UseInterceptors(RedisGuardInterceptor)
@Access('viewer')
export class TypesController {
  constructor(
    private readonly types: TypesOfQueue,
    private readonly routes: QueueRoutes,
  ) {}

  @Get()
  @DocList()
  async list(@Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery): Promise<TypeList> {
    return { items: await this.types.list(queue), routes: [...this.routes.entries] };
  }

  // Before ':type', which would take it for a type.
  @Get('metrics')
  @DocAllMetrics()
  async allMetrics(@Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery): Promise<TypeMetricsList> {
    return { items: await this.types.metrics(queue) };
  }

  @Get(':type')
  @DocFind()
  find(
    @Param({ schema: typePathSchema }) { type }: TypePath,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
  ): Promise<LiveType> {
    return this.types.find(queue, type);
  }

  @Get(':type/metrics')
  @DocMetrics()
  metrics(
    @Param({ schema: typePathSchema }) { type }: TypePath,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
  ): Promise<TypeMetricsView> {
    return this.types.metricsOf(queue, type);
  }

  @Get(':type/settings')
  @DocSettings()
  async settings(
    @Param({ schema: typePathSchema }) { type }: TypePath,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
  ): Promise<TypeOverrides> {
    await this.types.find(queue, type);
    return (await this.types.catalog(queue)).overridesOf(type);
  }

  @Access('operator')
  @Put(':type/settings')
  @AuditBody<TypeOverrides>({
    enabled: 'value',
    priority: 'value',
    attempts: 'value',
    backoff: 'value',
    timeout: 'value',
    concurrency: 'value',
    deadLetters: 'value',
    cache: 'value',
    retention: 'value',
  })
  @DocSetSettings()
  async set(
    @Param({ schema: typePathSchema }) { type }: TypePath,
    @Body({ schema: typeOverridesBodySchema }) overrides: TypeOverrides,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
  ): Promise<TypeOverrides> {
    assertPossible(await this.types.find(queue, type), overrides);
    await (await this.types.catalog(queue)).override(type, overrides);
    return overrides;
  }

  /** Also for a type that no worker runs any more: what was set for it can be taken back. */
  @Access('operator')
  @Delete(':type/settings')
  @HttpCode(204)
  @DocDropSettings()
  async drop(
    @Param({ schema: typePathSchema }) { type }: TypePath,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
  ): Promise<void> {
    await (await this.types.catalog(queue)).override(type, undefined);
  }

  @Access('operator')
  @Post(':type/enable')
  @HttpCode(200)
  @DocEnable()
  enable(
    @Param({ schema: typePathSchema }) { type }: TypePath,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
  ): Promise<TypeOverrides> {
    return this.types.enable(queue, type, true);
  }

  @Access('operator')
  @Post(':type/disable')
  @HttpCode(200)
  @DocDisable()
  disable(
    @Param({ schema: typePathSchema }) { type }: TypePath,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
  ): Promise<TypeOverrides> {
    return this.types.enable(queue, type, false);
  }
}

/** @throws {InvalidRequestError} for overrides that cannot work together, or with what the type's workers say. */
function assertPossible({ defaults, batch, schedule }: LiveType, overrides: TypeOverrides): void {
  if (!defaults) return;
  const problems = impossibleTogether({ settings: withOverrides(defaults, overrides), batch, schedule });
  if (problems.length > 0) throw new InvalidRequestError(problems);
}
