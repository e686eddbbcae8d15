import { Body, Controller, Get, HttpCode, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  listDeadLettersSchema,
  purgeSchema,
  replaySchema,
  type DeadLetterPage,
  type ListDeadLettersQuery,
  type Purged,
  type PurgeRequest,
  type Replayed,
  type ReplayRequest,
} from '#libs/contracts';
import { QueueService } from '#libs/queue';
import { Access } from '../access/access.decorator.js';
import { RedisGuardInterceptor } from '../redis/redis-guard.interceptor.js';
import { DocList, DocPurge, DocReplay } from './dead-letters.docs.js';

/** REST of dead letters: jobs that failed for good and are kept. */
@ApiTags('dead letters')
@Controller('dead-letters')
@UseInterceptors(RedisGuardInterceptor)
@Access('viewer')
export class DeadLettersController {
  constructor(private readonly queue: QueueService) {}

  @Get()
  @DocList()
  list(@Query({ schema: listDeadLettersSchema }) query: ListDeadLettersQuery): Promise<DeadLetterPage> {
    return this.queue.deadLetters.list(query);
  }

  @Access('operator')
  @Post('replay')
  @HttpCode(200)
  @DocReplay()
  async replay(@Body({ schema: replaySchema }) body: ReplayRequest): Promise<Replayed> {
    const { count, ...others } = await this.queue.deadLetters.replay(body);
    return { replayed: count, ...others };
  }

  @Access('operator')
  @Post('purge')
  @HttpCode(200)
  @DocPurge()
  async purge(@Body({ schema: purgeSchema }) body: PurgeRequest): Promise<Purged> {
    const { count, ...others } = await this.queue.deadLetters.purge(body);
    return { purged: count, ...others };
  }
}
