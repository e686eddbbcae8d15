import type { Request, Response } from 'express';
import { bouncePage } from '../sign-in/pages.js';
import { SIGN_IN_PATH } from '../sign-in/sign-in-path.js';

/** Whether a browser wants to show the answer as a page. */
export function asksForPage({ method, headers }: Request): boolean {
  if (method !== 'GET' || headers.authorization !== undefined) return false;
  const mode = headers['sec-fetch-mode'];
  return (mode === undefined || mode === 'navigate') && (headers.accept ?? '').includes('text/html');
}

/**
 * Sends a browser to the page where one signs in, and back later. One that follows a link of another site has left its
 * cookie at home (SameSite=Strict): it asks once more, from here.
 */
export function sendToSignIn(request: Request, response: Response): void {
  if (request.headers['sec-fetch-site'] === 'cross-site') {
    response.type('html').send(bouncePage(request.originalUrl));
    return;
  }
  response.redirect(303, `${SIGN_IN_PATH}?next=${encodeURIComponent(request.originalUrl)}`);
}
