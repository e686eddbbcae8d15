import {
  DelayOutOfRangeError,
  InvalidDocumentError,
  InvalidJobIdError,
  InvalidOptionError,
  InvalidPriorityError,
  PayloadTooLargeError,
} from '../errors/index.js';

const MAX_ID_BYTES = 512;
const MAX_TYPE_LENGTH = 200;
/** BullMQ's largest priority; the contract's numbers stay within the same distance. */
const MAX_PRIORITY = 2_097_152;

// eslint-disable-next-line no-control-regex -- control characters are what this looks for
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Node 20 has String.prototype.isWellFormed; the lib setting does not know it yet. */
const isWellFormed = (text: string) => !/\p{Surrogate}/u.test(text);

/** @throws {InvalidJobIdError} for an id that a new job cannot have: it must be part of a key on both sides, and readable. */
export function checkJobId(id: unknown): asserts id is string {
  checkKnownId(id);
  if (Buffer.byteLength(id) > MAX_ID_BYTES)
    throw new InvalidJobIdError(`job ID is longer than ${MAX_ID_BYTES} bytes`);
  if (CONTROL.test(id)) throw new InvalidJobIdError('job ID must not contain control characters');
  if (!isWellFormed(id)) throw new InvalidJobIdError('job ID is not well-formed Unicode');
}

/** @throws {InvalidJobIdError} for what cannot be the id of any job; one that a legacy service chose may be odd. */
export function checkKnownId(id: unknown): asserts id is string {
  if (typeof id !== 'string') throw new InvalidJobIdError(`job ID must be a string, not ${typeof id}`);
  if (id === '') throw new InvalidJobIdError('job ID cannot be empty');
}

/** @throws {InvalidOptionError} for a job type that cannot be looked up or shown. */
export function checkType(type: unknown): asserts type is string {
  if (typeof type !== 'string' || type === '')
    throw new InvalidOptionError('job type must be a non-empty string');
  if (type.length > MAX_TYPE_LENGTH)
    throw new InvalidOptionError(`job type is longer than ${MAX_TYPE_LENGTH} characters`);
  if (CONTROL.test(type) || !isWellFormed(type)) {
    throw new InvalidOptionError('job type must be well-formed Unicode without control characters');
  }
}

/** @throws {InvalidOptionError} for a deduplication id that cannot be part of a key, or a time that is none. */
export function checkDeduplication({ id, ttl }: { id: unknown; ttl?: unknown }): void {
  if (typeof id !== 'string' || !isWellFormed(id))
    throw new InvalidOptionError('deduplication ID must be a string of well-formed Unicode');
  if (ttl === undefined || (Number.isSafeInteger(ttl) && (ttl as number) >= 0)) return;
  throw new InvalidOptionError(
    `deduplication ttl must be a whole number of milliseconds, not ${String(ttl)}`,
  );
}

/** The largest time that JavaScript has, in ms. */
const MAX_TIME = 8.64e15;

/** @throws {InvalidOptionError} when `timestamp` is no time in ms: it orders jobs, and stands in their documents. */
export function checkTimestamp(timestamp: unknown): asserts timestamp is number {
  if (typeof timestamp === 'number' && Math.abs(timestamp) <= MAX_TIME) return;
  throw new InvalidOptionError(`timestamp must be a time in milliseconds, not ${String(timestamp)}`);
}

/** @throws {DelayOutOfRangeError} when `delay` is no whole number of milliseconds from 0 to `maximum`. */
export function checkDelay(delay: unknown, maximum: number): asserts delay is number {
  if (typeof delay !== 'number' || !Number.isFinite(delay) || delay < 0 || delay > maximum) {
    throw new DelayOutOfRangeError(delay, maximum);
  }
}

/** @throws {InvalidPriorityError} for a contract priority that is no whole number in range. */
export function checkPriority(priority: unknown): asserts priority is number {
  if (!Number.isInteger(priority) || Math.abs(priority as number) > MAX_PRIORITY) {
    throw new InvalidPriorityError(
      `priority must be low, normal, high or a whole number within ±${MAX_PRIORITY}, not ${String(priority)}`,
    );
  }
}

/**
 * JSON text of a value.
 *
 * @throws {InvalidDocumentError} naming `what` when JSON has no form for it (a function, a BigInt, a cycle).
 */
export function toJson(value: unknown, what: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new InvalidDocumentError(`${what} cannot be written as JSON: ${(error as Error).message}`);
  }
  if (text === undefined) throw new InvalidDocumentError(`${what} cannot be written as JSON`);
  return text;
}

/** @throws {PayloadTooLargeError} when the text has more bytes of UTF-8 than `limit`. */
export function checkSize(text: string, limit: number): void {
  // Most texts are far below the limit; three bytes a character is the most UTF-8 needs per UTF-16 unit.
  if (text.length * 3 <= limit) return;
  const bytes = Buffer.byteLength(text);
  if (bytes > limit) throw new PayloadTooLargeError(bytes, limit);
}
