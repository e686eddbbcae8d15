import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Request } from 'express';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { RedisGuard } from './redis-guard.js';

/** Methods that change nothing. */
const READING = new Set(['GET', 'HEAD']);

/** Puts a handler under {@link RedisGuard}: it answers 503 soon instead of waiting for Redis for ever. */
@Injectable()
export class RedisGuardInterceptor implements NestInterceptor {
  constructor(private readonly guard: RedisGuard) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const changes = !READING.has(context.switchToHttp().getRequest<Request>().method);
    return from(this.guard.run(() => lastValueFrom(next.handle()), changes));
  }
}
