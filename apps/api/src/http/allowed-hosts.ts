import type { NextFunction, Request, Response } from 'express';
import type { Settings } from '#libs/contracts';
import { HostNotAllowedError } from '../problems/api-errors.js';

/** Names under which only this machine is reached, as they stand in a Host header. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

const HOST_HEADER = /^(\[[0-9a-f:.]+\]|[^\s:/?#@[\]]+)(?::\d*)?$/i;

/**
 * Answers only requests that name this server by a name it has, on any port; others are refused with
 * {@link HostNotAllowedError}. Without that, a page of elsewhere could let its own name point to
 * 127.0.0.1 (DNS rebinding) and would then be of the API's origin.
 *
 * Names: the loopback ones, `HOST`, and `ALLOWED_HOSTS`. A server that listens beyond loopback and has
 * no `ALLOWED_HOSTS` answers to every name: it cannot know what it is called.
 */
export function allowedHosts({ HOST, ALLOWED_HOSTS }: Pick<Settings, 'HOST' | 'ALLOWED_HOSTS'>) {
  const own = asHostName(HOST);
  const names = new Set([...LOOPBACK, own, ...ALLOWED_HOSTS]);
  const isOpen = ALLOWED_HOSTS.length === 0 && !isLoopback(HOST);
  return (request: Request, _response: Response, next: NextFunction): void => {
    if (isOpen || names.has(nameOf(request.headers.host))) next();
    else next(new HostNotAllowedError(request.headers.host));
  };
}

/** Whether a server that listens on this `HOST` is reached from this machine only. */
export function isLoopback(host: string): boolean {
  const name = asHostName(host);
  return LOOPBACK.includes(name) || /^127(\.\d{1,3}){3}$/.test(name);
}

const asHostName = (host: string) => (host.includes(':') ? `[${host.toLowerCase()}]` : host.toLowerCase());

/** The name without the port; empty when the header is missing or is no host. */
function nameOf(header: string | undefined): string {
  return HOST_HEADER.exec(header ?? '')?.[1]?.toLowerCase() ?? '';
}
