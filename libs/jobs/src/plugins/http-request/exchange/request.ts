import { createHash } from 'node:crypto';
import type { JobInfo } from '../../../framework/index.js';
import type { HttpRequestPayload } from '../schema/payload.js';
import type { Redactor } from '../secrets/redactor.js';
import type { Secrets } from '../secrets/secrets.js';

/** A request as it goes out. */
export interface OutgoingRequest {
  readonly method: string;
  readonly url: URL;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: Buffer;
}

const DEFAULT_HEADERS = { accept: '*/*', 'accept-encoding': 'gzip, deflate, br', 'user-agent': 'drover' };

/**
 * Makes the request a payload asks for.
 *
 * @param redactor told of every secret that is in it.
 * @throws {RequestRefusedError} for a secret that there is not, or that may not be sent there.
 */
export function outgoingRequest(
  payload: HttpRequestPayload,
  job: Pick<JobInfo, 'id' | 'createdAt'>,
  secrets: Secrets,
  redactor: Redactor,
): OutgoingRequest {
  const url = urlOf(payload);
  const headers: Record<string, string | string[]> = { ...DEFAULT_HEADERS };
  const { body, contentType } = bodyOf(payload.body);
  if (contentType !== undefined) headers['content-type'] = contentType;
  if (payload.idempotencyKey) headers['idempotency-key'] = keyOf(job);
  for (const [name, value] of Object.entries(payload.headers)) {
    headers[name.toLowerCase()] =
      typeof value === 'string' || Array.isArray(value)
        ? value
        : value.prefix + use(value.secret, url, secrets, redactor);
  }
  const authorization = authorizationOf(payload.auth, url, secrets, redactor);
  if (authorization !== undefined) headers.authorization = authorization;
  return { method: payload.method, url, headers, body };
}

function urlOf({ url: text, query }: HttpRequestPayload): URL {
  const url = new URL(text);
  url.hash = '';
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(one));
  }
  return url;
}

function bodyOf(body: HttpRequestPayload['body']): { body?: Buffer; contentType?: string } {
  if (!body) return {};
  if ('text' in body) return { body: Buffer.from(body.text), contentType: 'text/plain; charset=utf-8' };
  if ('json' in body)
    return { body: Buffer.from(JSON.stringify(body.json)), contentType: 'application/json' };
  return { body: Buffer.from(body.base64, 'base64'), contentType: 'application/octet-stream' };
}

function authorizationOf(
  auth: HttpRequestPayload['auth'],
  url: URL,
  secrets: Secrets,
  redactor: Redactor,
): string | undefined {
  if (!auth) return undefined;
  if (auth.type === 'bearer') return `Bearer ${use(auth.token.secret, url, secrets, redactor)}`;
  const { secret } = auth.password;
  const password = use(secret, url, secrets, redactor);
  const credentials = `${auth.username}:${password}`;
  redactor.add(secret, password, credentials, Buffer.from(credentials).toString('base64'));
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

function use(name: string, url: URL, secrets: Secrets, redactor: Redactor): string {
  const value = secrets.valueFor(name, url);
  redactor.add(name, value);
  return value;
}

/** The same in each attempt, another for a later job of the same id; ids may have characters no header may have. */
function keyOf({ id, createdAt }: Pick<JobInfo, 'id' | 'createdAt'>): string {
  return createHash('sha256').update(`${id}\n${createdAt.toISOString()}`).digest('hex').slice(0, 32);
}
