import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { healthSchema, type Health } from '#libs/contracts';
import { PublicAccess } from '../access/access.decorator.js';
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
    description: 'Answers 503 within 2 s when Redis does not answer. Warnings do not make it unhealthy.',
  })
  @ApiResponse({ status: 200, description: 'Redis answered.', standardSchema: healthSchema })
  @ApiProblems('REDIS_UNAVAILABLE')
  async health(): Promise<Health> {
    const { redis, warnings } = await this.redis.probe();
    return {
      status: 'ok',
      redis,
      queue: { prefix: this.queue.prefix, name: this.queue.name },
      uptimeSeconds: Math.round(process.uptime()),
      warnings,
    };
  }
}
