import type { z } from 'zod';
import { InvalidRequestError } from '../problems/api-errors.js';

/** A place in a list, as text for clients that they only hand back. */
export function toCursor(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/**
 * The place that a cursor stands for; `undefined` without one.
 *
 * @throws {InvalidRequestError} for a text that is no cursor of this list.
 */
export function fromCursor<T>(schema: z.ZodType<T>, cursor: string | undefined): T | undefined {
  if (cursor === undefined) return undefined;
  const parsed = schema.safeParse(json(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (parsed.success) return parsed.data;
  throw new InvalidRequestError([{ path: 'cursor', message: 'is none that a page of this list gave' }]);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
