import { Controller, Get, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { healthSchema, type Health } from '#libs/contracts';
import { HistoryReader } from '#libs/history';
import { PublicAccess } from '../access/access.decorator.js';
import type { CallerRequest } from '../access/caller.js';
import { ApiProblems } from '../docs/problem-responses.js';
import { HistoryKeeper } from '../history/history-keeper.js';
import { QueueName } from '../redis/queue-name.js';
import { RedisGuard } from '../redis/redis-guard.js';
import { withDeadline } from '../redis/with-deadline.js';

/** For how long the database may think before it counts as away. */
const DATABASE_MS = 1500;

/** Whether the API can do its work: it asks Redis each time. */
@ApiTags('health')
@Controller('health')
@PublicAccess()
export class HealthController {
  constructor(
    private readonly redis: RedisGuard,
    private readonly queue: QueueName,
    private readonly history: HistoryKeeper,
    private readonly reader: HistoryReader,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'health',
    summary: 'Probe Redis and the database',
    description:
      'Answers 503 within 2 s when Redis does not answer. Warnings and a database that is away do not make it unhealthy. ' +
      'Callers without a key learn no more than the status.',
  })
  @ApiResponse({ status: 200, description: 'Redis answered.', standardSchema: healthSchema })
  @ApiProblems('REDIS_UNAVAILABLE')
  async health(@Req() { caller }: CallerRequest): Promise<Health> {
    if (!caller) {
      await this.redis.probe();
      return { status: 'ok' };
    }
    const [{ redis, warnings }, database] = await Promise.all([this.redis.probe(), this.probeDatabase()]);
    return {
      status: 'ok',
      redis,
      queue: { prefix: this.queue.prefix, name: this.queue.name },
      database,
      history: this.history.state,
      uptimeSeconds: Math.round(process.uptime()),
      warnings: [...warnings, ...this.history.warnings],
    };
  }

  private async probeDatabase(): Promise<Health['database']> {
    const asked = withDeadline(this.reader.ping(), DATABASE_MS);
    return asked.then(
      () => 'ok' as const,
      () => 'unavailable' as const,
    );
  }
}
