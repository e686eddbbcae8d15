import type { NewJob } from './new-job.js';
import type { ScriptArgument } from './scripts.js';
import type { StoreOptions } from './store-options.js';
import { checkDelay, checkJobId, checkPriority, checkSize, checkTimestamp, checkType } from './validate.js';

/** A job that is valid, as it travels. */
export interface EncodedJob {
  id: string;
  data: string;
  document: string;
  kind: Kind;
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

/** Makes the jobs of one caller ready to travel, all within one turn of the event loop. */
export class JobEncoder {
  /** Kind of the job before, its options, and their names once they are needed. */
  private kind: Kind | undefined;
  private source: object = {};
  private names: readonly string[] | undefined;

  constructor(private readonly options: StoreOptions) {}

  /**
   * What the job holds may be changed after this turn.
   *
   * @throws a typed error that names what is wrong with it.
   */
  encode(job: NewJob, queue = 1): EncodedJob {
    const { id = '', data, document = '' } = job;
    if (id !== '') checkJobId(id);
    const kind = this.kindOf(job, queue);
    checkSize(job.document ?? data, this.options.maxDocumentBytes);
    return { id, data, document, kind };
  }

  /** Jobs added together mostly differ in nothing else: then neither is looked at again, nor are options written anew. */
  private kindOf(job: NewJob, queue: number): Kind {
    if (this.kind && isLike(this.kind, job, queue) && this.areSame(job.opts)) return this.kind;
    this.source = job.opts;
    this.names = undefined;
    return (this.kind = kindOf(job, queue, this.options));
  }

  /** Whether options have the same values, in the same order. What is in them cannot change in between. */
  private areSame(opts: object): boolean {
    if (opts === this.source) return true;
    this.names ??= Object.keys(this.source);
    const [now, before] = [opts, this.source] as Record<string, unknown>[];
    let at = 0;
    for (const name in now) {
      if (name !== this.names[at] || now[name] !== before?.[name]) return false;
      at += 1;
    }
    return at === this.names.length;
  }
}

/** @throws a typed error that names what is wrong with it. */
function kindOf(job: NewJob, queue: number, { maxDelayMs }: StoreOptions): Kind {
  const { name, document, timestamp, delay = 0, priority, extras } = job;
  if (name !== '' || document === undefined) checkType(name);
  checkTimestamp(timestamp);
  checkDelay(delay, maxDelayMs);
  checkPriority(priority);
  return {
    queue,
    name,
    opts: JSON.stringify(job.opts),
    timestamp,
    delay,
    priority,
    lifo: job.lifo === true,
    onExisting: job.onExisting ?? 'keep',
    hasDocument: document !== undefined && document !== '',
    extras: extras ? JSON.stringify(extras) : '',
  };
}

/** Whether a job may be of the kind, but for its options. */
const isLike = (kind: Kind, job: NewJob, queue: number): boolean =>
  kind.timestamp === job.timestamp &&
  kind.name === job.name &&
  kind.queue === queue &&
  kind.delay === (job.delay ?? 0) &&
  kind.priority === job.priority &&
  kind.lifo === (job.lifo === true) &&
  kind.onExisting === (job.onExisting ?? 'keep') &&
  kind.extras === '' &&
  !job.extras &&
  // One without a document must have a name.
  !kind.hasDocument &&
  job.document === undefined &&
  kind.name !== '';

const isSame = (a: Kind, b: Kind): boolean =>
  a === b ||
  (a.timestamp === b.timestamp &&
    a.name === b.name &&
    a.opts === b.opts &&
    a.queue === b.queue &&
    a.delay === b.delay &&
    a.priority === b.priority &&
    a.lifo === b.lifo &&
    a.onExisting === b.onExisting &&
    a.hasDocument === b.hasDocument &&
    a.extras === b.extras);

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
  for (const { id, data, document, kind } of jobs) {
    let number = kinds.length - 1;
    const last = Math.max(0, kinds.length - COMPARED);
    while (number >= last && !isSame(kinds[number] as Kind, kind)) number -= 1;
    if (number < last) number = kinds.push(kind) - 1;
    rest.push(number, id, data);
    if (kind.hasDocument) rest.push(document);
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
