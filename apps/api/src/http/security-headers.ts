import type { NextFunction, Request, Response } from 'express';

const ALWAYS = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

/** Data needs no page rights at all. */
const FOR_DATA = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
};

/** The documentation page brings its own scripts and styles, and talks to the API only. */
const FOR_DOCS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
};

/** Headers that keep a browser from reading more into an answer than it says. */
export function securityHeaders(docsPath: string) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const isDocs = request.path === docsPath || request.path.startsWith(`${docsPath}/`);
    response.set({ ...ALWAYS, ...(isDocs ? FOR_DOCS : FOR_DATA) });
    next();
  };
}
