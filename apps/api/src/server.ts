import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import type { Settings } from '#libs/contracts';
import { serveDoors } from './access/doors/serve-doors.js';
import type { ApiOptions } from './api-options.js';
import { Readiness } from './access/readiness.js';
import { SIGN_IN_PATH } from './access/sign-in/sign-in-path.js';
import { AppModule } from './app.module.js';
import { BOARD_PATH } from './board/board-path.js';
import { serveBoard } from './board/serve-board.js';
import { DOCS_PATH, serveDocs } from './docs/openapi.js';
import { isLoopback } from './http/allowed-hosts.js';
import { guards } from './http/guard.js';
import { useJsonBodies } from './http/json-body.js';
import { QuietLogger } from './http/quiet-logger.js';
import { requestFacts, requestId } from './http/request-id.js';
import { securityHeaders } from './http/security-headers.js';
import { RouteNotFoundError } from './problems/api-errors.js';
import { sendProblem } from './problems/problem.filter.js';
import { toProblem } from './problems/to-problem.js';

/** Path before every route of the API. */
export const API_PREFIX = '/api';

/** Milliseconds in which a request must have arrived in full. */
const REQUEST_TIMEOUT_MS = 60_000;

/**
 * Builds the API, ready to listen.
 *
 * @throws what keeps it from starting, for example a Redis that is too old.
 */
export async function createApi(
  settings: Settings,
  options: ApiOptions = {},
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(settings, options), {
    logger: new QuietLogger(),
    bodyParser: false,
    abortOnError: false,
  });
  app.disable('x-powered-by').disable('etag');
  app.setGlobalPrefix(API_PREFIX);
  const docs = `${API_PREFIX}/${DOCS_PATH}`;
  app.set('trust proxy', settings.TRUSTED_PROXIES);
  const pages = { docs, board: BOARD_PATH, signIn: SIGN_IN_PATH };
  app.use(requestId, securityHeaders(pages), ...guards(settings));
  serveDoors(app, { prefix: API_PREFIX, docs, board: BOARD_PATH });
  useJsonBodies(app);
  serveDocs(app);
  serveBoard(app, docs);
  await app.init();
  await app
    .get(Readiness)
    .check(settings.HOST, isLoopback(settings.HOST))
    .catch(async (error: unknown) => {
      await app.close();
      throw error;
    });
  app.use(notFound); // outside the prefix; inside it Nest answers
  app.getHttpServer().requestTimeout = REQUEST_TIMEOUT_MS;
  return app;
}

function notFound(request: Request, response: Response): void {
  const facts = requestFacts(request, response);
  const problem = toProblem(new RouteNotFoundError(facts.method, facts.path), facts);
  sendProblem(response, problem.status, problem);
}
