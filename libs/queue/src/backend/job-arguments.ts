import type { NewJob } from './new-job.js';
import type { ScriptArgument } from './scripts.js';
import type { StoreOptions } from './store-options.js';
import { checkDelay, checkJobId, checkPriority, checkSize, checkTimestamp, checkType } from './validate.js';

/** A job that is valid, as it travels: its id, payload and document, and what many jobs have in common. */
export interface EncodedJob extends Kind {
  id: string;
  data: string;
  document: string;
}

/** All of a job that others which are added with it may have, too. */
interface Kind {
  /** Number of its queue among the keys of the call. */
  queue: number;
  name: string;
  opts: string;
  timestamp: number;
  delay: number;
  priority: number;
  lifo: boolean;
  onExisting: string;
  hasDocument: boolean;
  extras: string;
}

/** Kinds that a job is compared with: jobs of a few kinds in turn share them, and the search stays short. */
const COMPARED = 8;

/**
 * Makes a job ready to travel; what it holds may be changed afterwards.
 *
 * @throws a typed error that names what is wrong with it.
 */
export function encodeJob(job: NewJob, options: StoreOptions, queue = 1): EncodedJob {
  const { id = '', name, data, document = '', delay = 0, priority, extras } = job;
  if (id !== '') checkJobId(id);
  if (name !== '' || job.document === undefined) checkType(name);
  checkTimestamp(job.timestamp);
  checkDelay(delay, options.maxDelayMs);
  checkPriority(priority);
  checkSize(job.document ?? data, options.maxDocumentBytes);
  return {
    id,
    data,
    document,
    queue,
    name,
    opts: JSON.stringify(job.opts),
    timestamp: job.timestamp,
    delay,
    priority,
    lifo: job.lifo === true,
    onExisting: job.onExisting ?? 'keep',
    hasDocument: document !== '',
    extras: extras ? JSON.stringify(extras) : '',
  };
}

const isSame = (a: Kind, b: Kind): boolean =>
  a.timestamp === b.timestamp &&
  a.name === b.name &&
  a.opts === b.opts &&
  a.queue === b.queue &&
  a.delay === b.delay &&
  a.priority === b.priority &&
  a.lifo === b.lifo &&
  a.onExisting === b.onExisting &&
  a.hasDocument === b.hasDocument &&
  a.extras === b.extras;

let isoOf = Number.NaN;
let iso = '';
/** Jobs that are added together often have the same time. */
function isoTime(timestamp: number): string {
  if (timestamp !== isoOf) {
    iso = new Date(timestamp).toISOString();
    isoOf = timestamp;
  }
  return iso;
}

/** Jobs in the form that `addJobs.lua` describes: kinds first, then the jobs. */
export function jobArguments(jobs: readonly EncodedJob[]): ScriptArgument[] {
  const kinds: Kind[] = [];
  const rest: ScriptArgument[] = [];
  for (const job of jobs) {
    let number = kinds.length - 1;
    const last = Math.max(0, kinds.length - COMPARED);
    while (number >= last && !isSame(kinds[number] as Kind, job)) number -= 1;
    if (number < last) number = kinds.push(job) - 1;
    rest.push(number, job.id, job.data);
    if (job.hasDocument) rest.push(job.document);
  }
  const args: ScriptArgument[] = [kinds.length];
  for (const kind of kinds) {
    args.push(
      kind.queue,
      kind.name,
      kind.opts,
      kind.timestamp,
      isoTime(kind.timestamp),
      kind.delay,
      kind.priority,
      kind.lifo ? 'head' : 'tail',
      kind.onExisting,
      kind.hasDocument ? '1' : '0',
      kind.extras,
    );
  }
  return args.concat(rest);
}
