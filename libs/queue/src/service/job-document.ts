import { PRIORITIES, type PriorityName } from '#libs/contracts';
import { InvalidDocumentError, InvalidPriorityError } from '../errors/index.js';
import { checkPriority } from '../backend/validate.js';

/**
 * A job as the Go services store it: the contract's fields, and the service's own beside them at the
 * top level. Times are RFC 3339.
 */
export interface JobDocument {
  id: string;
  priority?: number;
  status?: string;
  progress?: number;
  created_at?: string;
  updated_at?: string;
  deleted_at?: string | null;
  started_at?: string;
  completed_at?: string;
  error_msg?: string;
  /** Type of the job; a document without one is run as the queue's default type. */
  type?: string;
  /** What the handler gets; of a document without one it gets the whole document. */
  payload?: unknown;
  [field: string]: unknown;
}

/** A job to add: a document whose priority may be given by name. */
export interface JobInput {
  id: string;
  priority?: number | PriorityName;
  type?: string;
  payload?: unknown;
  [field: string]: unknown;
}

/**
 * Contract priority of what a caller gave.
 *
 * @returns `normal` when nothing was given.
 * @throws {InvalidPriorityError} for an unknown name or a number out of range.
 */
export function toPriority(given: unknown): number {
  if (given === undefined || given === null) return PRIORITIES.normal;
  if (typeof given === 'string') {
    if (!Object.hasOwn(PRIORITIES, given)) {
      throw new InvalidPriorityError(`priority must be low, normal or high, not ${given}`);
    }
    return PRIORITIES[given as PriorityName];
  }
  checkPriority(given);
  return given;
}

/** The document as it is stored: the caller's fields, and those of the contract that were not given. */
export function completeDocument(input: JobInput, priority: number, now: Date): JobDocument {
  const time = now.toISOString();
  return {
    created_at: time,
    deleted_at: null,
    progress: 0,
    ...input,
    id: input.id,
    updated_at: time,
    status: 'pending',
    priority,
  };
}

/** @throws {InvalidDocumentError} for anything but a plain object. */
export function checkDocument(input: unknown): asserts input is JobInput {
  if (input === null || typeof input !== 'object' || Array.isArray(input)) {
    throw new InvalidDocumentError('a job must be a JSON object');
  }
}

/**
 * Reads a stored document.
 *
 * @returns undefined when it is no JSON object.
 */
export function readDocument(text: string | null | undefined): JobDocument | undefined {
  if (!text) return undefined;
  try {
    const parsed = JSON.parse(text) as JobDocument | null;
    return parsed && typeof parsed === 'object' && !Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
