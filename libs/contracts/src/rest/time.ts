import { z } from 'zod';

const FIRST_YEAR = 1970;
const LAST_YEAR = 9999;

/**
 * A time that a caller gives: ISO 8601 with a zone, from 1970 to 9999. It comes out in UTC, to the millisecond, since a database takes
 * fewer zones than ISO 8601 has, and no year 0.
 */
export const givenTime = z.iso
  .datetime({ offset: true, error: 'must be an ISO 8601 time with zone, such as 2026-03-01T09:30:00Z' })
  .refine(isWithinBounds, `must be a time from ${FIRST_YEAR} to ${LAST_YEAR}`)
  .overwrite((text) => (isWithinBounds(text) ? new Date(text).toISOString() : text));

function isWithinBounds(text: string): boolean {
  const year = new Date(text).getUTCFullYear();
  return year >= FIRST_YEAR && year <= LAST_YEAR;
}
