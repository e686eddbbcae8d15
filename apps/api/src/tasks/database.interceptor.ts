import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { whenAvailable } from '#libs/sql';

/** Answers 503 while the database is away. */
@Injectable()
export class DatabaseInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    // A handler may answer nothing.
    return from(whenAvailable(() => lastValueFrom(next.handle(), { defaultValue: undefined })));
  }
}
