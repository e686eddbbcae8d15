import type { NestExpressApplication } from '@nestjs/platform-express';
import { AuditLog } from '../../audit/audit-log.js';
import { recordActions } from '../../audit/record-actions.js';
import { Authenticator } from '../authenticator.js';
import { serveSignIn } from '../sign-in/serve-sign-in.js';
import { Throttle } from '../throttle/throttle.js';
import { identify } from './identify.js';
import { requireAccess } from './require-access.js';
import { assertAccessIsSaid, publicRoutes, routesOf } from './route-table.js';

/** Where there is something to guard. */
export interface DoorPaths {
  /** Of all controllers' routes. */
  readonly prefix: string;
  readonly docs: string;
  readonly board: string;
}

/**
 * Puts the guard before everything that is served from now on: nobody comes in without a key or a session, except to
 * public routes and to sign in. Roles of controllers' routes are Nest's guard's to check, those of pages are checked here.
 *
 * @throws {RouteWithoutAccessError} when a route does not say who may call it.
 */
export function serveDoors(app: NestExpressApplication, { prefix, docs, board }: DoorPaths): void {
  const routes = routesOf(app, prefix);
  assertAccessIsSaid(routes);
  app.use(recordActions(app.get(AuditLog, { strict: false })));
  serveSignIn(app);
  const authenticator = app.get(Authenticator, { strict: false });
  const throttle = app.get(Throttle, { strict: false });
  app.use(identify({ authenticator, throttle, isPublic: publicRoutes(routes) }));
  // The description of the API says nothing of jobs; the board shows all of them.
  app.use([docs, `${docs}-json`, `${docs}-yaml`], requireAccess({ role: 'viewer', forOwnJobs: true }));
  app.use(board, requireAccess({ role: 'viewer', forOwnJobs: false }));
}
