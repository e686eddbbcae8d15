import { parse, serialize } from 'cookie';
import type { Request, Response } from 'express';
import { SESSION_MS } from './sessions.js';

/** Name of the cookie. */
export const SESSION_COOKIE = 'drover_session';

/** Longest Cookie header that is looked into, in characters. */
const MOST_LENGTH = 8192;

/** The session's text in a Cookie header. */
export function sessionIn(header: string | undefined): string | undefined {
  if (header === undefined || header.length > MOST_LENGTH) return undefined;
  return parse(header)[SESSION_COOKIE];
}

/** Hands a browser its session: out of reach of scripts, and not sent with requests that other sites cause. */
export function setSessionCookie(request: Request, response: Response, text: string): void {
  response.append('Set-Cookie', cookie(request, text, SESSION_MS / 1000));
}

export function clearSessionCookie(request: Request, response: Response): void {
  response.append('Set-Cookie', cookie(request, '', 0));
}

function cookie({ secure }: Request, value: string, maxAge: number): string {
  return serialize(SESSION_COOKIE, value, { path: '/', httpOnly: true, sameSite: 'strict', secure, maxAge });
}
