import { Controller, Get, HttpCode, Param, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import {
  listWorkersSchema,
  workerPathSchema,
  type ListWorkersQuery,
  type WorkerPage,
  type WorkerPath,
  type WorkerView,
} from '#libs/contracts';
import { Access } from '../access/access.decorator.js';
import { fromCursor, toCursor } from '../http/cursor.js';
import { RedisGuardInterceptor } from '../redis/redis-guard.interceptor.js';
import { WorkerViews } from './worker-views.js';
import { DocDrain, DocFind, DocList, DocResume } from './workers.docs.js';

/** REST of workers, Drover's and legacy ones. */
@ApiTags('workers')
@Controller('workers')
@UseInterceptors(RedisGuardInterceptor)
@Access('viewer')
export class WorkersController {
  constructor(private readonly workers: WorkerViews) {}

  @Get()
  @DocList()
  async list(
    @Query({ schema: listWorkersSchema }) { cursor, limit, queue }: ListWorkersQuery,
  ): Promise<WorkerPage> {
    const after = fromCursor(z.string(), cursor) ?? '';
    const { workers, complete } = await this.workers.all();
    const fitting = workers.filter((worker) => queue === undefined || worker.queue === queue);
    const rest = fitting.filter(({ id }) => id > after);
    const items = await this.workers.viewsOf(rest.slice(0, limit));
    const last = rest.length > limit ? items.at(-1) : undefined;
    return { items, total: fitting.length, complete, ...(last && { nextCursor: toCursor(last.id) }) };
  }

  @Get(':id')
  @DocFind()
  find(@Param({ schema: workerPathSchema }) { id }: WorkerPath): Promise<WorkerView> {
    return this.workers.find(id);
  }

  @Access('operator')
  @Post(':id/drain')
  @HttpCode(200)
  @DocDrain()
  drain(@Param({ schema: workerPathSchema }) { id }: WorkerPath): Promise<WorkerView> {
    return this.workers.order(id, true);
  }

  @Access('operator')
  @Post(':id/resume')
  @HttpCode(200)
  @DocResume()
  resume(@Param({ schema: workerPathSchema }) { id }: WorkerPath): Promise<WorkerView> {
    return this.workers.order(id, false);
  }
}
