import { RequestMethod, type INestApplication, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { ACCESS_METADATA, type NeededAccess } from '../access.decorator.js';
import { RouteWithoutAccessError } from '../access-errors.js';

/** A route of a controller. */
export interface Route {
  readonly method: string;
  /** With the prefix of the API, and parameters as `:name`. */
  readonly path: string;
  /** Absent = the route does not say. */
  readonly access: NeededAccess | undefined;
}

/** All routes of an application's controllers, which need not be initialised yet. */
export function routesOf(app: INestApplication, prefix: string): Route[] {
  const scanner = new MetadataScanner();
  return [...app.get(ModulesContainer).values()]
    .flatMap((module) => [...module.controllers.values()])
    .flatMap(({ metatype }) => (typeof metatype === 'function' ? [metatype as Type] : []))
    .flatMap((controller) =>
      scanner
        .getAllMethodNames(controller.prototype as object)
        .flatMap((name) => routesOfMethod(controller, name, prefix)),
    );
}

function routesOfMethod(controller: Type, name: string, prefix: string): Route[] {
  const handler = (controller.prototype as Record<string, object>)[name] as object;
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
  if (method === undefined) return [];
  const access = [handler, controller]
    .map((target) => Reflect.getMetadata(ACCESS_METADATA, target) as NeededAccess | undefined)
    .find((found) => found !== undefined);
  return pathsOf(controller).flatMap((base) =>
    pathsOf(handler).map((path) => ({
      method: RequestMethod[method],
      path: join(prefix, base, path),
      access,
    })),
  );
}

const pathsOf = (target: object): string[] =>
  [Reflect.getMetadata(PATH_METADATA, target) as string | string[]].flat();

const join = (...parts: string[]) =>
  `/${parts
    .flatMap((part) => part.split('/'))
    .filter((part) => part !== '')
    .join('/')}`;

/** @throws {RouteWithoutAccessError} naming each route that does not say who may call it. */
export function assertAccessIsSaid(routes: readonly Route[]): void {
  const open = routes.filter(({ access }) => access === undefined);
  if (open.length > 0) throw new RouteWithoutAccessError(open.map(({ method, path }) => `${method} ${path}`));
}

/** Whether a request goes to a public route; those have no parameters in their paths. */
export function publicRoutes(routes: readonly Route[]): (method: string, path: string) => boolean {
  const open = new Set(
    routes
      .filter(({ access }) => access?.role === 'public')
      .map(({ method, path }) => `${method} ${path.toLowerCase()}`),
  );
  return (method, path) => {
    // As the router takes them: in any case, with a slash at the end, and HEAD as GET.
    const asked = path.toLowerCase().replace(/(.)\/$/, '$1');
    return open.has(`${method === 'HEAD' ? 'GET' : method} ${asked}`);
  };
}
