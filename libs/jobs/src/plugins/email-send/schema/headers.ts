import { z } from 'zod';

const MAX_HEADERS = 50;

/** What the plugin writes itself, says who sent a message, or how it is built. */
const RESERVED =
  /^(from|to|cc|bcc|reply-to|sender|subject|date|message-id|return-path|received|mime-version|dkim-signature|(content|resent|arc|authentication)-.*)$/i;

const headerName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,75}$/i, 'must be the name of a header')
  .refine((name) => !RESERVED.test(name), 'is a header that jobs may not set');

/** No line breaks: a value can never become a second header, or the beginning of the body. */
const headerValue = z
  .string()
  .max(2000)
  .regex(/^\P{Cc}*$/u, 'must have no line breaks or other control characters');

/** Further headers of a message. */
export const mailHeaders = z
  .record(headerName, headerValue)
  .refine((headers) => Object.keys(headers).length <= MAX_HEADERS, `must be ${MAX_HEADERS} headers at most`);
