import { createHash } from 'node:crypto';

/** BullMQ takes no `:` in an id, and REST no longer one. */
const MAX_LENGTH = 200;

/** An id BullMQ takes, different for different texts: one it would refuse is made printable and marked with a hash. */
export function childId(text: string): string {
  if (text.length <= MAX_LENGTH && !text.includes(':')) return text;
  const mark = createHash('sha256').update(text).digest('base64url').slice(0, 12);
  return `${text.replaceAll(':', '~').slice(0, MAX_LENGTH - 13)}-${mark}`;
}
