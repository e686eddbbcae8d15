import type { DeduplicationOptions, JobJson, ParentKeyOpts } from 'bullmq';
import { contractPriority } from '#libs/contracts';
import { InvalidOptionError } from '../errors/index.js';
import { checkDeduplication } from './validate.js';

/** A job to add. */
export interface NewJob {
  /** Empty or absent: the next number. */
  id?: string;
  /** Its type; empty for a legacy document that names none. */
  name: string;
  /** Payload as JSON text; empty for a legacy document, whose handler gets the whole document. */
  data: string;
  /** BullMQ's job options, kept with the job. */
  opts: object;
  /** Time of creation in ms. */
  timestamp: number;
  /** Milliseconds until it is ready. */
  delay?: number;
  /** Contract priority. */
  priority: number;
  /** Before all others of its priority. */
  lifo?: boolean;
  /** What happens when the id exists: keep that job (default), reject this one, or replace it unless it runs. */
  onExisting?: 'keep' | 'reject' | 'replace';
  /** JSON text of the document; absent: composed from the rest. */
  document?: string;
  /** What only some jobs have. */
  extras?: Extras | undefined;
}

/** Ties of a job to others. */
export interface Extras {
  /** Key of the job that waits for this one, and what BullMQ notes of it as JSON text. */
  parentKey?: string;
  parent?: string;
  /** It waits for children that are added after it. */
  waitsForChildren?: true;
  /** Batch it belongs to. */
  batch?: string;
  /** Scheduler that made it. */
  repeatJobKey?: string;
  deduplicationId?: string;
  deduplication?: DeduplicationOptions;
}

/** A job as BullMQ's classes hand it over. */
export interface BullEntry {
  job: JobJson;
  jobId: string | undefined;
  parentKeyOpts?: ParentKeyOpts | undefined;
}

/** A job as BullMQ hands it over, which takes an empty id for none. */
export function fromBull({ job, jobId, parentKeyOpts }: BullEntry): NewJob {
  const { opts } = job;
  return {
    id: jobId,
    name: job.name,
    data: job.data,
    opts,
    timestamp: job.timestamp,
    delay: opts.delay ?? 0,
    priority: contractPriority(opts.priority ?? 0),
    lifo: opts.lifo === true && !opts.priority,
    extras: extrasOf(job, parentKeyOpts),
  };
}

function extrasOf(job: JobJson, parentKeyOpts: ParentKeyOpts | undefined): Extras | undefined {
  const { parentKey, parent, repeatJobKey, opts } = job;
  const { deduplication } = opts;
  if (!parentKey && !parentKeyOpts?.addToWaitingChildren && !repeatJobKey && !deduplication) return undefined;
  const extras: Extras = {};
  if (parentKey && parent) {
    if (!parent.queueKey || !parent.id || /\p{Surrogate}/u.test(parentKey)) {
      throw new InvalidOptionError(
        `parent ${JSON.stringify(parent)} must have a queue and an id of well-formed Unicode`,
      );
    }
    Object.assign(extras, { parentKey, parent: JSON.stringify(parent) });
  }
  if (parentKeyOpts?.addToWaitingChildren) extras.waitsForChildren = true;
  if (repeatJobKey) extras.repeatJobKey = repeatJobKey;
  if (deduplication?.id) {
    checkDeduplication(deduplication);
    const { id, ttl, extend, replace, keepLastIfActive } = deduplication;
    extras.deduplicationId = id;
    extras.deduplication = { id, ttl, extend, replace, keepLastIfActive };
  }
  return Object.keys(extras).length > 0 ? extras : undefined;
}
