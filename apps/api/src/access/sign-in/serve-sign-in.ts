import type { IncomingMessage } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import { DroverError } from '#libs/contracts';
import { BodyTooLargeError, RouteNotFoundError } from '../../problems/api-errors.js';
import { reportProblem, sendProblem } from '../../problems/problem.filter.js';
import type { CallerRequest } from '../caller.js';
import { clientAddress } from '../doors/client-address.js';
import { SignIn, type SignedIn } from '../sessions/sign-in.js';
import { setSessionCookie } from '../sessions/session-cookie.js';
import { Throttle } from '../throttle/throttle.js';
import { bouncePage, formPage } from './pages.js';
import { safeNext, SIGN_IN_PATH } from './sign-in-path.js';

const FORM_BYTES = 8192;

/**
 * Serves the page to sign in at {@link SIGN_IN_PATH}, open to everybody: a form for a key, and the target of links
 * that sign in once. Call it behind the guards of host and origin, and before whatever asks who calls.
 */
export function serveSignIn(app: NestExpressApplication): void {
  const signIn = app.get(SignIn);
  const throttle = app.get(Throttle);
  app.use(SIGN_IN_PATH, (request: Request, response: Response) => {
    answer(signIn, throttle, request, response).catch((error: unknown) => {
      const problem = reportProblem(error, request, response);
      sendProblem(response, problem.status, problem);
    });
  });
}

async function answer(
  signIn: SignIn,
  throttle: Throttle,
  request: Request,
  response: Response,
): Promise<void> {
  const { method, path, query } = request;
  throttle.take(undefined, clientAddress(request));
  const isPage = method === 'GET' || method === 'HEAD';
  if (path === '/done' && isPage) return send(response, 200, bouncePage(safeNext(query['next'])));
  if (path !== '/' || !(isPage || method === 'POST')) {
    throw new RouteNotFoundError(method, request.originalUrl.split('?', 1)[0] ?? '');
  }
  if (method === 'POST') return byForm(signIn, request, response);
  // HEAD is what programs ask that look at links: it must not use one up.
  if (typeof query['token'] === 'string' && method === 'GET')
    return byLink(signIn, query['token'], request, response);
  send(response, 200, formPage(safeNext(query['next'])));
}

async function byLink(signIn: SignIn, token: string, request: Request, response: Response): Promise<void> {
  const next = safeNext(request.query['next']);
  // The address with the token is left at once, and told to nobody.
  response.setHeader('Referrer-Policy', 'no-referrer');
  await enter(request, response, next, 'signInByLink', () => signIn.byLink(token, clientAddress(request)));
  if (!response.headersSent) response.redirect(303, `${SIGN_IN_PATH}/done?next=${encodeURIComponent(next)}`);
}

async function byForm(signIn: SignIn, request: Request, response: Response): Promise<void> {
  const form = new URLSearchParams(await readText(request));
  const next = safeNext(form.get('next') ?? undefined);
  const key = (form.get('key') ?? '').trim();
  await enter(request, response, next, 'signInByForm', () => signIn.byKey(key, clientAddress(request)));
  if (!response.headersSent) response.redirect(303, next);
}

/** Signs in, and sets the cookie; who is refused sees the form, with the reason. */
async function enter(
  request: CallerRequest,
  response: Response,
  next: string,
  action: string,
  signIn: () => Promise<SignedIn>,
): Promise<void> {
  request.operation = { action, target: {} };
  try {
    const { text, caller } = await signIn();
    request.caller = caller;
    setSessionCookie(request, response, text);
  } catch (error) {
    if (!(error instanceof DroverError)) throw error;
    const { status, code } = reportProblem(error, request, response);
    response.locals['problemCode'] = code;
    send(response, status, formPage(next, error.message));
  }
}

function send(response: Response, status: number, html: string): void {
  response.status(status).type('html').send(html);
}

async function readText(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > FORM_BYTES) throw new BodyTooLargeError('request body', FORM_BYTES);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
