import { createHash } from 'node:crypto';
import type { JobInfo } from '../../../framework/index.js';
import { domainOf } from '../schema/address.js';

/**
 * The `Message-ID` of a job's mail: the same in each of its attempts, by which a server or a reader's mail program can
 * tell a message that was sent twice; another for a later job that got the same id.
 */
export function messageIdOf({ id, createdAt }: Pick<JobInfo, 'id' | 'createdAt'>, from: string): string {
  const hash = createHash('sha256').update(`${id}\n${createdAt.toISOString()}`).digest('hex').slice(0, 40);
  return `<drover.${hash}@${domainOf(from)}>`;
}
