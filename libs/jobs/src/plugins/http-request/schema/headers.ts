import { z } from 'zod';

const MAX_HEADERS = 100;
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]{1,200}$/i;
/** No line breaks and no other control characters: a value can never become a second header. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What belongs to the connection and not to the request, or would let a request pretend to be for another host. */
const RESERVED = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const headerName = z
  .string()
  .regex(NAME, 'must be the name of a header')
  .refine((name) => !RESERVED.has(name.toLowerCase()), 'is a header that jobs may not set');

const headerText = z
  .string()
  .max(8192)
  .regex(VALUE, 'must have no line breaks, control characters or characters beyond Latin-1');

export const secretName = z
  .string()
  .regex(/^[A-Z0-9_]{1,100}$/, 'must be the name of a secret: capitals, digits and _');

const headerSecret = z.strictObject({
  /** Name of a configured secret. */
  secret: secretName,
  /** What stands before it, such as `Bearer `. Default: nothing. */
  prefix: headerText.default(''),
});

/** Header names to a text, several texts, or a secret. */
export const requestHeaders = z
  .record(headerName, z.union([headerText, z.array(headerText).min(1).max(20), headerSecret]))
  .refine((headers) => Object.keys(headers).length <= MAX_HEADERS, `must be ${MAX_HEADERS} headers at most`)
  .refine(
    (headers) =>
      new Set(Object.keys(headers).map((name) => name.toLowerCase())).size === Object.keys(headers).length,
    'must not have the same header twice, in capitals and small letters',
  );

export type RequestHeaders = z.output<typeof requestHeaders>;
