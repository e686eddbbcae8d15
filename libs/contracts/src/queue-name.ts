import { z } from 'zod';

/**
 * A part of a Redis key: no `:`, braces or spaces, so that keys stay unambiguous; and what any database, log and terminal takes. Control
 * characters are listed: readers of the JSON schema need not know Unicode's classes.
 */
const keyPart = z
  .string()
  .regex(
    // eslint-disable-next-line no-control-regex -- these are what it refuses
    /^[^\s:{}\u0000-\u001f\u007f-\u009f]+$/,
    'must not be empty nor contain ":", braces, spaces or control characters',
  )
  .refine((name) => !/\p{Cs}/u.test(name), 'must not contain broken Unicode');

/** Name of a queue. */
export const queueNameSchema = keyPart.refine(
  (name) => name !== 'worker',
  'must not be "worker": its keys would meet the health keys',
);
