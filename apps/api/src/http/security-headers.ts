import type { NextFunction, Request, RequestHandler, Response } from 'express';
import helmet, { type HelmetOptions } from 'helmet';

type Directives = Record<string, string[]>;

const SELF = ["'self'"];
const NONE = ["'none'"];

/** Data needs no page rights at all. */
const FOR_DATA: Directives = { defaultSrc: NONE, frameAncestors: NONE, baseUri: NONE, formAction: NONE };

/** The documentation page brings its own scripts and styles, and talks to the API only. */
const FOR_DOCS: Directives = {
  ...FOR_DATA,
  scriptSrc: SELF,
  styleSrc: [...SELF, "'unsafe-inline'"],
  imgSrc: [...SELF, 'data:'],
  connectSrc: SELF,
};

/** Bull Board brings all it needs too; its components set styles of their own, and it has a base address. */
const FOR_BOARD: Directives = { ...FOR_DOCS, fontSrc: SELF, baseUri: SELF };

/** A form and its style; no scripts. */
const FOR_SIGN_IN: Directives = { ...FOR_DATA, styleSrc: ["'unsafe-inline'"], formAction: SELF };

/** Where the pages are. */
export interface PagePaths {
  docs: string;
  board: string;
  signIn: string;
}

/** Headers that keep a browser from reading more into an answer than it says. */
export function securityHeaders({ docs, board, signIn }: PagePaths) {
  const forData = headers(FOR_DATA);
  const forDocs = headers(FOR_DOCS);
  const forBoard = headers(FOR_BOARD);
  // A form sent from a page without a referrer has no origin either, and would look like one of elsewhere.
  const forSignIn = headers(FOR_SIGN_IN, 'same-origin');
  return (request: Request, response: Response, next: NextFunction): void => {
    // Routes are found in any case.
    const asked = request.path.toLowerCase();
    const isUnder = (path: string) => asked === path || asked.startsWith(`${path}/`);
    if (!isUnder(docs) && !isUnder(`${board}/static`)) response.set('Cache-Control', 'no-store');
    if (isUnder(docs)) forDocs(request, response, next);
    else if (isUnder(board)) forBoard(request, response, next);
    else if (isUnder(signIn)) forSignIn(request, response, next);
    else forData(request, response, next);
  };
}

function headers(
  directives: Directives,
  referrer: 'no-referrer' | 'same-origin' = 'no-referrer',
): RequestHandler {
  const options: HelmetOptions = {
    contentSecurityPolicy: { useDefaults: false, directives },
    referrerPolicy: { policy: referrer },
    xFrameOptions: { action: 'deny' },
    // Whoever ends TLS decides that; here it would bind every server of this host name.
    strictTransportSecurity: false,
  };
  return helmet(options);
}
