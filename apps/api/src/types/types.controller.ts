import { Body, Controller, Delete, Get, HttpCode, Param, Put, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  QueueRoutes,
  impossibleTogether,
  typeOverridesBodySchema,
  withOverrides,
  type LiveType,
  type TypeList,
  type TypeOverrides,
} from '#libs/contracts';
import { QueueService, TypeQueues } from '#libs/queue';
import { InvalidRequestError, TypeNotFoundError } from '../problems/api-errors.js';
import { Access } from '../access/access.decorator.js';
import { RedisGuardInterceptor } from '../redis/redis-guard.interceptor.js';
import { DocDropSettings, DocFind, DocList, DocSetSettings, DocSettings } from './types.docs.js';

/** REST of job types: what workers run, and the settings that can be changed while they do. */
@ApiTags('types')
@Controller('types')
@UseInterceptors(RedisGuardInterceptor)
@Access('viewer')
export class TypesController {
  constructor(
    private readonly queue: QueueService,
    private readonly queues: TypeQueues,
    private readonly routes: QueueRoutes,
  ) {}

  @Get()
  @DocList()
  async list(): Promise<TypeList> {
    return { items: await this.types(), routes: [...this.routes.entries] };
  }

  @Get(':type')
  @DocFind()
  async find(@Param('type') name: string): Promise<LiveType> {
    const type = (await this.types()).find((each) => each.type === name);
    if (!type) throw new TypeNotFoundError(name);
    return type;
  }

  @Get(':type/settings')
  @DocSettings()
  async settings(@Param('type') name: string): Promise<TypeOverrides> {
    await this.find(name);
    return this.queue.types.overridesOf(name);
  }

  @Access('operator')
  @Put(':type/settings')
  @DocSetSettings()
  async set(
    @Param('type') name: string,
    @Body({ schema: typeOverridesBodySchema }) overrides: TypeOverrides,
  ): Promise<TypeOverrides> {
    assertPossible(await this.find(name), overrides);
    await this.queue.types.override(name, overrides);
    return overrides;
  }

  /** Also for a type that no worker runs any more: what was set for it can be taken back. */
  @Access('operator')
  @Delete(':type/settings')
  @HttpCode(204)
  @DocDropSettings()
  async drop(@Param('type') name: string): Promise<void> {
    await this.queue.types.override(name, undefined);
  }

  /** The types of live workers, each with the queue that its jobs go to. */
  private async types(): Promise<LiveType[]> {
    const types = await this.queue.types.list();
    return Promise.all(types.map(async (type) => ({ ...type, queue: await this.queues.queueOf(type.type) })));
  }
}

/** @throws {InvalidRequestError} for overrides that cannot work together, or with what the type's workers say. */
function assertPossible({ defaults, batch, schedule }: LiveType, overrides: TypeOverrides): void {
  if (!defaults) return;
  const problems = impossibleTogether({ settings: withOverrides(defaults, overrides), batch, schedule });
  if (problems.length > 0) throw new InvalidRequestError(problems);
}
