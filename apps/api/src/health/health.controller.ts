import { Controller, Get, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { healthSchema, type Health } from '#libs/contracts';
import { PublicAccess } from '../access/access.decorator.js';
import type { CallerRequest } from '../access/caller.js';
import { ApiProblems } from '../docs/problem-responses.js';
import { QueueName } from '../redis/queue-name.js';
import { RedisGuard } from '../redis/redis-guard.js';

/** Whether the API can do its work: it asks Redis each time. */
@ApiTags('health')
@Controller('health')
@PublicAccess()
export class HealthController {
  constructor(
    private readonly redis: RedisGuard,
    private readonly queue: QueueName,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'health',
    summary: 'Probe Redis',
    description:
      'Answers 503 within 2 s when Redis does not answer. Warnings do not make it unhealthy. Callers without a key learn ' +
      'no more than the status.',
  })
  @ApiResponse({ status: 200, description: 'Redis answered.', standardSchema: healthSchema })
  @ApiProblems('REDIS_UNAVAILABLE')
  async health(@Req() { caller }: CallerRequest): Promise<Health> {
    const { redis, warnings } = await this.redis.probe();
    if (!caller) return { status: 'ok' };
    return {
      status: 'ok',
      redis,
      queue: { prefix: this.queue.prefix, name: this.queue.name },
      uptimeSeconds: Math.round(process.uptime()),
      warnings,
    };
  }
}
