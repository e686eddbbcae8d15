import { queueNameSchema } from '#libs/contracts';
import { z } from 'zod';
import { displayName, mailAddress, mailAddresses } from './address.js';
import { mailHeaders } from './headers.js';

const MAX_ATTACHMENTS = 50;
const MAX_TEXT = 4 * 1024 * 1024;

const fileName = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}/\\]+$/u, 'must be a file name');

/** Messages and parts of them (`message/`, `multipart/`) would change how the mail is built. */
export const CONTENT_TYPE =
  /^(?!multipart\/|message\/)[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}(; ?charset="?[a-z0-9_-]{1,40}"?)?$/i;

const shared = {
  /** Default: by the name's ending, for an artifact its own. */
  contentType: z.string().regex(CONTENT_TYPE, 'must be a MIME type like application/pdf').optional(),
  /** For pictures that the HTML shows, as `<img src="cid:logo">`. */
  cid: z
    .string()
    .regex(/^[a-z0-9._@-]{1,100}$/i, 'must be letters, digits or ._@-')
    .optional(),
};

/** By content or by artifact; never by path or address: a job could send any file of the worker's machine. */
const attachment = z.union([
  z.strictObject({ filename: fileName, content: z.base64(), ...shared }),
  z.strictObject({
    artifact: z.strictObject({
      jobId: z.string().min(1).max(1000),
      name: z.string().min(1).max(200),
      queue: queueNameSchema.optional(),
    }),
    /** Default: the artifact's name. */
    filename: fileName.optional(),
    ...shared,
  }),
]);

export type AttachmentInput = z.output<typeof attachment>;

/** Payload of `email.send`. */
export const emailSendPayload = z
  .strictObject({
    to: mailAddresses.default([]),
    cc: mailAddresses.default([]),
    bcc: mailAddresses.default([]),
    replyTo: mailAddress.optional(),
    subject: displayName.max(900),
    /** Default: made from `html`. */
    text: z.string().max(MAX_TEXT).optional(),
    html: z.string().max(MAX_TEXT).optional(),
    headers: mailHeaders.default({}),
    attachments: z.array(attachment).max(MAX_ATTACHMENTS).default([]),
  })
  .refine(({ to, cc, bcc }) => to.length + cc.length + bcc.length > 0, 'needs a recipient: to, cc or bcc')
  .refine(({ text, html }) => text !== undefined || html !== undefined, 'needs text or html');

export type EmailSendPayload = z.output<typeof emailSendPayload>;
