import type { NextFunction, Request, Response } from 'express';

const ALLOWED = {
  'Access-Control-Allow-Methods': 'GET, POST, PUT, PATCH, DELETE',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, Idempotency-Key, X-Request-Id',
  // Seconds for which a browser need not ask again.
  'Access-Control-Max-Age': '600',
};

const READABLE = 'Location, Retry-After, X-Request-Id, Content-Disposition';

/**
 * Lets pages of these origins call the API with a key. Cookies are never for them: there is no
 * `Access-Control-Allow-Credentials`, and the guard does not count a cookie that comes all the same.
 */
export function cors(origins: readonly string[]) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const { origin } = request.headers;
    if (origins.length > 0) response.vary('Origin');
    if (origin === undefined || !origins.includes(origin)) return next();
    response.set({ 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': READABLE });
    const asksFirst =
      request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
    if (!asksFirst) return next();
    response.set(ALLOWED).status(204).end();
  };
}
