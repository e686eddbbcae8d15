import type { IncomingHttpHeaders } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import { CrossSiteRequestError } from '../problems/api-errors.js';

/** Methods that change nothing. */
export const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses requests that change something and were made by a web page of elsewhere, with
 * {@link CrossSiteRequestError}. Programs that are no browser send neither header and pass.
 *
 * @param allowed origins whose pages may: with a key, since a session's cookie never counts there.
 */
export function refuseCrossSiteWrites(allowed: readonly string[] = []) {
  return (request: Request, _response: Response, next: NextFunction): void => {
    const { origin } = request.headers;
    const isAllowed = origin !== undefined && allowed.includes(origin);
    if (READING.has(request.method) || isAllowed || !isFromElsewhere(request.headers)) next();
    else next(new CrossSiteRequestError(origin));
  };
}

/**
 * Whether a browser sends this for a page of another origin. `Sec-Fetch-Site` is the browser's own word, right behind every proxy; browsers leave it out on plain
 * HTTP beyond loopback, and there `Origin` must name the host that was asked.
 */
export function isFromElsewhere({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return origin !== undefined && hostOf(origin) !== host?.toLowerCase();
}

/**
 * Whether a browser says that a page of this server sends this. With neither header nobody says so: what acts with a cookie must not
 * rely on a browser that leaves them out.
 */
export function isFromHere({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined) return site === 'same-origin';
  return origin !== undefined && hostOf(origin) === host?.toLowerCase();
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined; // 'null': a sandboxed or local page
  }
}
