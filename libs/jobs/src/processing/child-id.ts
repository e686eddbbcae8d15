import { createHash } from 'node:crypto';

/** BullMQ takes no `:` in an id, and REST no longer one. */
const MAX_LENGTH = 200;

/**
 * Id of a job's child: the same in every run of this job, another for a job that is added under the same id once this one
 * is gone. What tells them apart is when they were created, which no retry, replay or hand-back changes.
 *
 * @param key name of the child among those of its parent.
 */
export function childId(parent: { id: string; createdAt: number }, key: string): string {
  return usable(`${parent.id}.${parent.createdAt.toString(36)}.${key}`);
}

/** An id BullMQ takes, different for different texts: one it would refuse is made printable and marked with a hash. */
function usable(text: string): string {
  if (text.length <= MAX_LENGTH && !text.includes(':')) return text;
  const mark = createHash('sha256').update(text).digest('base64url').slice(0, 12);
  return `${text.replaceAll(':', '~').slice(0, MAX_LENGTH - 13)}-${mark}`;
}
