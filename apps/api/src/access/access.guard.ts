import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { TELLING_METADATA, type BodyTelling } from '../audit/tell-body.js';
import { ACCESS_METADATA, type NeededAccess } from './access.decorator.js';
import { RouteWithoutAccessError } from './access-errors.js';
import { authorize } from './authorize.js';
import type { CallerRequest, Operation } from './caller.js';

/** Where `@ApiOperation` keeps what it was given. */
const OPERATION_METADATA = 'swagger/apiOperation';

/** Lets through whom a route's `@Access` allows; who calls was found before. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<CallerRequest>();
    const needed = this.reflector.getAllAndOverride<NeededAccess | undefined>(ACCESS_METADATA, [
      context.getHandler(),
      context.getClass(),
    ]);
    // The start has looked at all routes; one that comes later is closed.
    if (!needed) throw new RouteWithoutAccessError([request.path]);
    const telling = this.reflector.get<BodyTelling | undefined>(TELLING_METADATA, context.getHandler());
    request.operation = { action: actionOf(context), target: targetOf(request), telling };
    authorize(request.caller, needed);
    return true;
  }
}

function actionOf(context: ExecutionContext): string {
  const operation = Reflect.getMetadata(OPERATION_METADATA, context.getHandler()) as
    { operationId?: string } | undefined;
  return operation?.operationId ?? `${context.getClass().name}.${context.getHandler().name}`;
}

function targetOf({ params, query }: CallerRequest): Operation['target'] {
  const queue = query['queue'];
  return { ...(params as Record<string, string>), ...(typeof queue === 'string' && { queue }) };
}
