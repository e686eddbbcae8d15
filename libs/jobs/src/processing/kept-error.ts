import { UnrecoverableError } from 'bullmq';
import { cut, messageOf, textOf } from '../framework/run/thrown.js';

/** Longest stack that is kept of an error, in characters, without its message. */
const MAX_STACK_LENGTH = 8192;
const MAX_NAME_LENGTH = 100;
const CODE = /^[A-Z][A-Z0-9_]{0,99}$/;
/** Code of an error that has none. */
const NO_CODE = 'ERROR';
/** Names and texts by which BullMQ takes an error for a message to itself. A handler's must not be. */
const RESERVED = new Set([
  'DelayedError',
  'WaitingError',
  'WaitingChildrenError',
  'bullmq:rateLimitExceeded',
]);

/** What is kept of an error with the job that failed with it. */
export interface KeptError extends Error {
  /** A word like `NO_PAPER`; `ERROR` where the error has none. */
  readonly code: string;
}

/**
 * What is kept of an error: message, name, code and stack, all of them bounded. Nothing else of it, since its other properties and its cause
 * may hold anything, and secrets too. Never throws, whatever was thrown.
 *
 * @param options `retry` false: BullMQ does not try the job again.
 */
export function keptError(error: Error, { retry }: { retry: boolean }): KeptError {
  const name = nameOf(error);
  const message = presentable(name, messageOf(error));
  const kept = retry ? new Error(message) : new UnrecoverableError(message);
  const code = textOf(error, 'code');
  const shown = RESERVED.has(name) ? 'Error' : name;
  Object.defineProperty(kept, 'name', { value: shown, configurable: true, writable: true });
  kept.stack = `${shown}: ${message}${framesOf(error)}`;
  return Object.assign(kept, { code: code !== undefined && CODE.test(code) ? code : NO_CODE });
}

function nameOf(error: Error): string {
  return cut(textOf(error, 'name') || 'Error', MAX_NAME_LENGTH);
}

function presentable(name: string, message: string): string {
  if (RESERVED.has(name)) return `${name}: ${message}`;
  return RESERVED.has(message) ? `${message} ` : message;
}

/** Where it was thrown, without what stands before it: the message, however long. */
function framesOf(error: Error): string {
  const stack = textOf(error, 'stack') ?? '';
  const start = stack.indexOf('\n    at ');
  return start < 0 ? '' : cut(stack.slice(start), MAX_STACK_LENGTH);
}
