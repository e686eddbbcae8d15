import { Body, Controller, Get, Headers, Param, Post, Query, Res, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { z } from 'zod';
import {
  createFlowSchema,
  flowChildrenSchema,
  flowPathSchema,
  showFlowSchema,
  type CreatedFlow,
  type FlowChildrenQuery,
  type FlowNode,
  type FlowNodeInput,
  type FlowPath,
  type Page,
  type ShowFlowQuery,
} from '#libs/contracts';
import { Access } from '../access/access.decorator.js';
import { CurrentCaller, type Caller } from '../access/caller.js';
import { fromCursor } from '../http/cursor.js';
import { InvalidRequestError } from '../problems/api-errors.js';
import { RedisGuardInterceptor } from '../redis/redis-guard.interceptor.js';
import { FlowWriter } from './create-flow.js';
import { FlowTree } from './flow-tree.js';
import { AuditBody } from '../audit/tell-body.js';
import { DocChildren, DocCreate, DocShow } from './flows.docs.js';

/** What `Idempotency-Key` may hold: what a header may hold without quoting. */
const KEY = /^[\x21-\x7e]{1,200}$/;

/** REST of flows: trees of jobs. */
@ApiTags('flows')
@Controller('flows')
@UseInterceptors(RedisGuardInterceptor)
@Access('viewer', { forOwnJobs: true })
export class FlowsController {
  constructor(
    private readonly writer: FlowWriter,
    private readonly tree: FlowTree,
  ) {}

  @Access('operator', { forOwnJobs: true })
  @Post()
  @AuditBody<FlowNodeInput>({
    type: 'value',
    queue: 'value',
    priority: 'value',
    delay: 'value',
    attempts: 'value',
    timeout: 'value',
    onFailure: 'value',
    payload: 'omitted',
    children: 'count',
  })
  @DocCreate()
  async create(
    @Body({ schema: createFlowSchema }) root: FlowNodeInput,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CreatedFlow> {
    if (key !== undefined && !KEY.test(key)) {
      const message = 'must be 1 to 200 visible ASCII characters';
      throw new InvalidRequestError([{ path: 'Idempotency-Key', message }]);
    }
    const { isNew, ...flow } = await this.writer.create(root, caller.name, key);
    // Nothing new: the answer to the first request, once more.
    if (!isNew) response.status(200);
    const queue = encodeURIComponent(flow.queue);
    response.setHeader('Location', `/api/flows/${encodeURIComponent(flow.id)}?queue=${queue}`);
    return flow;
  }

  @Get(':id')
  @DocShow()
  show(
    @Param({ schema: flowPathSchema }) { id }: FlowPath,
    @Query({ schema: showFlowSchema }) { queue, depth, width }: ShowFlowQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<FlowNode> {
    return this.tree.show(queue, id, { depth, width }, caller);
  }

  @Get(':id/children')
  @DocChildren()
  children(
    @Param({ schema: flowPathSchema }) { id }: FlowPath,
    @Query({ schema: flowChildrenSchema }) { queue, cursor, limit }: FlowChildrenQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<Page<FlowNode>> {
    return this.tree.children(queue, id, { after: fromCursor(z.string(), cursor), limit }, caller);
  }
}
