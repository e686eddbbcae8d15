import type { JobJson, JobsOptions } from 'bullmq';
import { bullPriority } from '#libs/contracts';
import { isJson } from './json-text.js';

/** Runtime fields of a job as they stand in its hash, plus `document` where the payload is read from it. */
export type JobFields = Record<string, string>;

/** @param flat names and values; the state of a plain job is the value of `plain`, and what else is there is newer. */
export function fromFlat(flat: readonly string[]): JobFields {
  // A claimed plain job has it first: this runs for every job, so no object is made only to be copied.
  const isPlain = flat[0] === 'plain';
  const fields = isPlain ? unpackPlain(flat[1] as string) : {};
  for (let at = isPlain ? 2 : 0; at < flat.length; at += 2)
    fields[flat[at] as string] = flat[at + 1] as string;
  const { plain } = fields;
  if (plain === undefined) return fields;
  delete fields['plain'];
  return { ...unpackPlain(plain), ...fields };
}

/** The fields in the text of a plain job (`context.lua` writes and describes it); none when it is of another form. */
export function unpackPlain(text: string): JobFields {
  const priority = text.indexOf('\n') + 1;
  const name = priority && text.indexOf('\n', priority) + 1;
  const opts = name && text.indexOf('\n', name) + 1;
  const data = opts && text.indexOf('\n', opts) + 1;
  if (data === 0) return {};
  return {
    timestamp: text.slice(0, priority - 1),
    priority: text.slice(priority, name - 1),
    name: text.slice(name, opts - 1),
    opts: text.slice(opts, data - 1),
    data: text.slice(data),
  };
}

/** Thrown for a document that Redis' scripts took for an object and that JSON.parse refuses. */
export class UnreadableDocument extends Error {}

/**
 * What a handler gets of a document: `payload` where there is one, else the whole document.
 *
 * @returns JSON text.
 * @throws {UnreadableDocument} when it is no JSON object.
 */
export function payloadOf(document: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(document);
  } catch (error) {
    throw new UnreadableDocument(`document is not a JSON object: ${(error as Error).message}`);
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new UnreadableDocument('document is not a JSON object');
  }
  return Object.hasOwn(parsed, 'payload')
    ? JSON.stringify((parsed as { payload: unknown }).payload)
    : document;
}

function typeOf(document: string | undefined): string | undefined {
  if (document === undefined) return undefined;
  try {
    const { type } = JSON.parse(document) as { type?: unknown };
    return typeof type === 'string' && type !== '' ? type : undefined;
  } catch {
    return undefined;
  }
}

function dated(document: string): { created_at?: unknown; priority?: unknown } {
  try {
    return (JSON.parse(document) as object | null) ?? {};
  } catch {
    return {}; // the job is shown all the same: its document is what is wrong with it
  }
}

/** What the document says of a job that nobody has adopted yet. */
function unadopted(document: string | undefined): { timestamp: number; priority: number } {
  if (document === undefined) return { timestamp: 0, priority: 0 };
  const given = dated(document);
  const created = Date.parse(String(given.created_at));
  const priority = Number.isInteger(given.priority) ? (given.priority as number) : 0;
  return { timestamp: Number.isNaN(created) ? 0 : created, priority: bullPriority(priority) };
}

const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));

function parsed<T>(text: string | undefined, otherwise: T): T {
  return text === undefined || text === '' ? otherwise : (JSON.parse(text) as T);
}

/** What somebody else wrote there and is no object is not a parent: it must not stop the worker that claims the job. */
function parentOf(text: string | undefined): JobJson['parent'] {
  const parent = text !== undefined && isJson(text) ? (JSON.parse(text) as unknown) : undefined;
  return typeof parent === 'object' && parent !== null ? (parent as JobJson['parent']) : undefined;
}

/** A job as BullMQ's classes read it, and what they do not know. */
export interface StoredJobJson extends JobJson {
  /** Whether its document has no payload: a handler gets the whole document. */
  legacy: boolean;
}

/**
 * A job as BullMQ's classes read it.
 *
 * @param fields its hash; `document` is used where the hash has no payload of its own.
 * @param defaultType name of a legacy job whose document names no type.
 * @throws {UnreadableDocument} when the payload can only come from a document that is no JSON object.
 */
export function toJobJson(
  id: string,
  fields: JobFields,
  defaultType: string,
  result?: string | null,
): StoredJobJson {
  const document = fields['document'] ?? '{}';
  const data = fields['data'] ?? payloadOf(document);
  const isAdopted = fields['timestamp'] !== undefined && fields['priority'] !== undefined;
  const otherwise = unadopted(isAdopted ? undefined : fields['document']);
  return {
    id,
    name: fields['name'] ?? typeOf(fields['document']) ?? defaultType,
    data,
    opts: parsed<JobsOptions>(fields['opts'], {}),
    progress: parsed(fields['progress'], 0),
    attemptsMade: number(fields['attemptsMade']) ?? 0,
    attemptsStarted: number(fields['attemptsStarted']) ?? 0,
    finishedOn: number(fields['finishedOn']),
    processedOn: number(fields['processedOn']),
    timestamp: number(fields['timestamp']) ?? otherwise.timestamp,
    delay: number(fields['delay']) ?? 0,
    priority: number(fields['priority']) ?? otherwise.priority,
    failedReason: fields['failedReason'] as string,
    stacktrace: fields['stacktrace'],
    returnvalue: (result ?? undefined) as string,
    parentKey: fields['parentKey'],
    parent: parentOf(fields['parent']),
    repeatJobKey: fields['repeatJobKey'],
    deduplicationId: fields['deduplicationId'],
    deferredFailure: fields['deferredFailure'],
    processedBy: fields['processedBy'],
    stalledCounter: number(fields['stalledCounter']) ?? 0,
    legacy: fields['data'] === undefined && data === document,
  };
}
