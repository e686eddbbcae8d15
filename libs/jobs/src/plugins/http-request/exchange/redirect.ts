import { RequestRefusedError } from '../errors.js';
import type { OutgoingRequest } from './request.js';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** What may be told to any host. All else, known or not, may be a credential and stays with the origin it was meant for. */
const FOR_ANY_ORIGIN = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-encoding',
  'content-language',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'range',
  'user-agent',
]);

/** Whether a response sends the client elsewhere. */
export function isRedirect(status: number, location: string | undefined): location is string {
  return REDIRECTS.has(status) && location !== undefined;
}

/**
 * The request that a redirect asks for (RFC 9110, section 15.4): 303 turns all but HEAD into GET, 301 and 302
 * turn POST into GET, as every client does; 307 and 308 repeat method and body. On the way to another
 * origin only headers that are harmless go along, and they stay away when it leads back.
 *
 * @throws {RequestRefusedError} for a location that is no address.
 */
export function redirected(request: OutgoingRequest, status: number, location: string): OutgoingRequest {
  const url = parse(location, request.url);
  if (!url) throw new RequestRefusedError('a redirect leads to what is no address');
  url.hash = '';
  const becomesGet = status === 303 ? request.method !== 'HEAD' : status < 303 && request.method === 'POST';
  const stays = url.origin === request.url.origin;
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(
      ([name]) => (stays || FOR_ANY_ORIGIN.has(name)) && !(becomesGet && name.startsWith('content-')),
    ),
  );
  if (becomesGet) return { method: 'GET', url, headers };
  return { ...request, url, headers };
}

function parse(location: string, base: URL): URL | undefined {
  return URL.canParse(location, base.href) ? new URL(location, base) : undefined;
}
