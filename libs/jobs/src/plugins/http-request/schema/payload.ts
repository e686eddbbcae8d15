import { duration } from '#libs/contracts';
import { z } from 'zod';
import { expectedStatus } from './expect.js';
import { requestHeaders, secretName } from './headers.js';

const HOUR_MS = 3_600_000;
const MAX_BODY_CHARACTERS = 16 * 1024 * 1024;

const secret = z.strictObject({ secret: secretName });
const scalar = z.union([z.string().max(8192), z.number(), z.boolean()]);

const body = z.union([
  /** Sent as `text/plain; charset=utf-8` unless a header says otherwise. */
  z.strictObject({ text: z.string().max(MAX_BODY_CHARACTERS) }),
  /** Sent as `application/json`. */
  z.strictObject({ json: z.json() }),
  /** Bytes, sent as `application/octet-stream`. */
  z.strictObject({ base64: z.base64().max(MAX_BODY_CHARACTERS) }),
]);

const auth = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('basic'),
    username: z
      .string()
      .max(1000)
      .regex(/^[^:\p{Cc}]*$/u, 'must have no colon and no control characters'),
    password: secret,
  }),
  z.strictObject({ type: z.literal('bearer'), token: secret }),
]);

const response = z.discriminatedUnion('to', [
  z.strictObject({
    to: z.literal('result'),
    /** `auto`: what the response says it is; bytes that are neither JSON nor text as Base64. */
    as: z.enum(['auto', 'json', 'text', 'base64']).default('auto'),
    /** Most bytes, decompressed. Default: `HTTP_MAX_RESULT_BYTES`, and not more. */
    maxBytes: z.number().int().min(0).optional(),
  }),
  z.strictObject({
    to: z.literal('artifact'),
    /** File name of the artifact. */
    name: z.string().min(1).max(200),
    /** Most bytes, decompressed. Default: `HTTP_MAX_ARTIFACT_BYTES`, and not more. */
    maxBytes: z.number().int().min(0).optional(),
  }),
]);

/** Payload of `http.request`. */
export const httpRequestPayload = z.strictObject({
  /** Address, http or https, without user name and password. */
  url: z
    .string()
    .max(8192)
    .refine((url) => URL.canParse(url), 'must be a complete address: https://example.org/path'),
  /** In capitals. `CONNECT` and `TRACE` are not allowed: one opens a tunnel, the other gives headers back. */
  method: z
    .string()
    .regex(/^[A-Z][A-Z0-9-]{0,30}$/, 'must be a method in capitals')
    .refine((method) => method !== 'CONNECT' && method !== 'TRACE', 'must not be CONNECT or TRACE')
    .default('GET'),
  headers: requestHeaders.default({}),
  /** Added to the address's own query. */
  query: z.record(z.string().min(1).max(1000), z.union([scalar, z.array(scalar).max(1000)])).default({}),
  auth: auth.optional(),
  body: body.optional(),
  /** Statuses that are a success. One that is a redirect is then not followed. */
  expect: z.array(expectedStatus).min(1).max(50).default(['2xx']),
  /** Most redirects that are followed; 0 = the redirect itself is the response. Default: `HTTP_MAX_REDIRECTS`, and not more. */
  redirects: z.number().int().min(0).max(50).optional(),
  /** Time for all of it, redirects and body too. Default: `HTTP_TIMEOUT_SECONDS`. */
  timeout: duration(1, HOUR_MS).optional(),
  /** True: sends an `Idempotency-Key`, the same in each attempt of this job, so that a server that knows it does the work once. */
  idempotencyKey: z.boolean().default(false),
  /** Where the response's body goes. */
  response: response.default({ to: 'result', as: 'auto' }),
});

export type HttpRequestPayload = z.output<typeof httpRequestPayload>;
