import { Body, Controller, Get, HttpCode, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import {
  deadLetterGroupsQuerySchema,
  jobQueueSchema,
  listDeadLettersSchema,
  purgeSchema,
  replaySchema,
  type DeadLetterGroups,
  type DeadLetterGroupsQuery,
  type DeadLetterPage,
  type JobQueueQuery,
  type ListDeadLettersQuery,
  type Purged,
  type PurgeRequest,
  type Replayed,
  type ReplayRequest,
} from '#libs/contracts';
import { DeadLetters, groupDeadLetters } from '#libs/queue';
import { Access } from '../access/access.decorator.js';
import { fromCursor, toCursor } from '../http/cursor.js';
import { KnownQueues } from '../redis/known-queues.js';
import { RedisGuardInterceptor } from '../redis/redis-guard.interceptor.js';
import { AuditBody } from '../audit/tell-body.js';
import { DocGroups, DocList, DocPurge, DocReplay } from './dead-letters.docs.js';

/** When the last one of a page died (Unix ms), and its id. */
const placeSchema = z.tuple([z.int().min(0), z.string().max(1000)]);

const iso = (ms: number) => new Date(ms).toISOString();

/** REST of dead letters: jobs that failed for good and are kept. */
@ApiTags('dead letters')
@Controller('dead-letters')
@UseInterceptors(RedisGuardInterceptor)
@Access('viewer')
export class DeadLettersController {
  constructor(private readonly queues: KnownQueues) {}

  @Get()
  @DocList()
  async list(
    @Query({ schema: listDeadLettersSchema }) { queue, cursor, limit, type }: ListDeadLettersQuery,
  ): Promise<DeadLetterPage> {
    const place = fromCursor(placeSchema, cursor);
    const letters = await this.of(queue);
    const after = place && { time: place[0], id: place[1] };
    const [{ items, next }, total] = await Promise.all([
      letters.pageAfter(after, { type, limit }),
      // With a type every one would have to be looked at.
      type === undefined ? letters.count() : undefined,
    ]);
    return { items, total, ...(next && { nextCursor: toCursor([next.time, next.id]) }) };
  }

  @Get('groups')
  @DocGroups()
  async groups(
    @Query({ schema: deadLetterGroupsQuerySchema }) { queue, limit }: DeadLetterGroupsQuery,
  ): Promise<DeadLetterGroups> {
    const { groups, looked, complete } = await groupDeadLetters(await this.queues.find(queue));
    const items = groups.slice(0, limit).map(({ first, last, ...group }) => ({
      ...group,
      firstSeen: iso(first),
      lastSeen: iso(last),
    }));
    return { items, total: groups.length, looked, complete };
  }

  @Access('operator')
  @Post('replay')
  @HttpCode(200)
  @AuditBody<ReplayRequest>({ ids: 'value', type: 'value', limit: 'value' })
  @DocReplay()
  async replay(
    @Body({ schema: replaySchema }) body: ReplayRequest,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
  ): Promise<Replayed> {
    const { count, ...others } = await (await this.of(queue)).replay(body);
    return { replayed: count, ...others };
  }

  @Access('operator')
  @Post('purge')
  @HttpCode(200)
  @AuditBody<PurgeRequest>({ ids: 'value', olderThan: 'value', type: 'value', limit: 'value' })
  @DocPurge()
  async purge(
    @Body({ schema: purgeSchema }) body: PurgeRequest,
    @Query({ schema: jobQueueSchema }) { queue }: JobQueueQuery,
  ): Promise<Purged> {
    const { count, ...others } = await (await this.of(queue)).purge(body);
    return { purged: count, ...others };
  }

  private async of(queue: string | undefined): Promise<DeadLetters> {
    return new DeadLetters(await this.queues.find(queue));
  }
}
