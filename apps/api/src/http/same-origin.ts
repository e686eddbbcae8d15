import type { IncomingHttpHeaders } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import { CrossSiteRequestError } from '../problems/api-errors.js';

/** Methods that change nothing. */
const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses requests that change something and were made by a web page of elsewhere, with
 * {@link CrossSiteRequestError}. Programs that are no browser send neither header and pass.
 */
export function refuseCrossSiteWrites(request: Request, _response: Response, next: NextFunction): void {
  if (READING.has(request.method) || !isFromElsewhere(request.headers)) next();
  else next(new CrossSiteRequestError(request.headers.origin));
}

/**
 * `Sec-Fetch-Site` is the browser's own word, right behind every proxy; browsers leave it out on plain
 * HTTP beyond loopback, and there `Origin` must name the host that was asked.
 */
function isFromElsewhere({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return origin !== undefined && hostOf(origin) !== host?.toLowerCase();
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined; // 'null': a sandboxed or local page
  }
}
