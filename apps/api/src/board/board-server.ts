import { ExpressAdapter } from '@bull-board/express';
import type { AppControllerRoute, AppViewRoute } from '@bull-board/api/dist/types.js';
import type { NextFunction, Request, Response } from 'express';
import { authorize } from '../access/authorize.js';
import type { CallerRequest } from '../access/caller.js';
import { requestFacts } from '../http/request-id.js';
import { READING } from '../http/same-origin.js';
import { reportProblem, sendProblem } from '../problems/problem.filter.js';
import type { RedisGuard } from '../redis/redis-guard.js';
import { tellingOf } from './board-telling.js';
import { withoutOutsideLinks } from './page.js';
import { failure, refusal } from './refusal.js';

/** Actions on all jobs of a queue, which take as long as there are jobs. */
const WHOLE_QUEUE = /^\/api\/queues\/:queueName\/((retry|clean)\/:queueStatus|promote|empty|obliterate)$/;
const WHOLE_QUEUE_MS = 60_000;

const ADD_JOB = '/api/queues/:queueName/add';

/**
 * Bull Board's routes as a part of the API: under its deadlines for Redis, and with its errors. What a
 * route throws and what it refuses become problem documents that the page can show.
 */
export class BoardServer extends ExpressAdapter {
  constructor(private readonly redis: RedisGuard) {
    super();
    this.app.disable('x-powered-by').disable('etag');
  }

  override setEntryRoute({ route, method, handler }: AppViewRoute): this {
    this.app[method](route, (_request: Request, response: Response, next: NextFunction) => {
      const { name, params } = handler({ basePath: this.basePath, uiConfig: this.uiConfig });
      response.render(name, params, (error: Error | null, html?: string) => {
        if (error) return next(error);
        response.type('html').send(withoutOutsideLinks(html ?? ''));
      });
    });
    return this;
  }

  override setApiRoutes(routes: AppControllerRoute[]): this {
    for (const route of routes) {
      for (const method of [route.method].flat()) {
        this.app[method](route.route, (request: Request, response: Response) => {
          return this.answer(route, request, response).catch((error: unknown) => {
            const problem = reportProblem(error, request, response);
            sendProblem(response, problem.status, failure(problem));
          });
        });
      }
    }
    return this;
  }

  private async answer(route: AppControllerRoute, request: Request, response: Response): Promise<void> {
    authorizeRoute(route, request);
    const { query, params, headers } = request;
    const asked = {
      queues: this.bullBoardQueues ?? new Map(),
      uiConfig: this.uiConfig,
      query,
      params,
      // A request without a body has none here; its handlers look into it all the same.
      body: bodyOf(route, request),
      headers: headers as Record<string, string>,
    };
    const changes = request.method !== 'GET';
    const isLong = [route.route].flat().some((path) => WHOLE_QUEUE.test(path));
    const work = async () => route.handler(asked);
    const { status = 200, body } = await this.redis.run(work, changes, isLong ? WHOLE_QUEUE_MS : undefined);
    if (status < 400) response.status(status).json(body);
    else sendProblem(response, status, refusal(status, body, requestFacts(request, response)));
  }
}

/** Who may look at the board was asked at its door. @throws {ForbiddenError} */
function authorizeRoute({ route }: AppControllerRoute, request: CallerRequest): void {
  if (READING.has(request.method)) return;
  request.operation = {
    action: actionOf([route].flat()[0] ?? ''),
    target: request.params as Record<string, string>,
    telling: tellingOf([route].flat()[0] ?? ''),
  };
  authorize(request.caller, { role: 'operator', forOwnJobs: false });
}

/** A job that is added here belongs to who adds it, whatever its options say. */
function bodyOf({ route }: AppControllerRoute, request: CallerRequest): Record<string, unknown> {
  const body = (request.body ?? {}) as Record<string, unknown>;
  if (!request.caller || ![route].flat().includes(ADD_JOB)) return body;
  const options = typeof body['options'] === 'object' ? body['options'] : {};
  return { ...body, options: { ...options, creator: request.caller.name } };
}

/** `/api/queues/:queueName/:jobId/retry` is `board.queues.retry`. */
function actionOf(route: string): string {
  const words = route.split('/').filter((part) => part !== '' && part !== 'api' && !part.startsWith(':'));
  return ['board', ...words].join('.');
}
