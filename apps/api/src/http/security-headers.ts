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
};

/** The documentation page brings its own scripts and styles, and talks to the API only. */
const FOR_DOCS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
};

/** Bull Board brings all it needs too; its components set styles of their own, and it has a base address. */
const FOR_BOARD = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
    "font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'none'",
};

const NOT_KEPT = { 'Cache-Control': 'no-store' };

/** Where the pages are. */
export interface PagePaths {
  docs: string;
  board: string;
}

/** Headers that keep a browser from reading more into an answer than it says. */
export function securityHeaders({ docs, board }: PagePaths) {
  return (request: Request, response: Response, next: NextFunction): void => {
    // Routes are found in any case.
    const asked = request.path.toLowerCase();
    const isUnder = (path: string) => asked === path || asked.startsWith(`${path}/`);
    if (isUnder(docs)) response.set({ ...ALWAYS, ...FOR_DOCS });
    else if (isUnder(`${board}/static`)) response.set({ ...ALWAYS, ...FOR_BOARD });
    else if (isUnder(board)) response.set({ ...ALWAYS, ...FOR_BOARD, ...NOT_KEPT });
    else response.set({ ...ALWAYS, ...FOR_DATA, ...NOT_KEPT });
    next();
  };
}
