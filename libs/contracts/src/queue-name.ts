import { z } from 'zod';

/** A part of a Redis key: no `:`, braces or spaces, so that keys stay unambiguous. */
const keyPart = z.string().regex(/^[^\s:{}]+$/, 'must not be empty nor contain ":", braces or spaces');

/** Name of a queue. */
export const queueNameSchema = keyPart.refine(
  (name) => name !== 'worker',
  'must not be "worker": its keys would meet the health keys',
);
