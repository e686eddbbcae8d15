import { z } from 'zod';
import { InvalidRequestError } from '../problems/api-errors.js';
import { fromCursor, toCursor } from './cursor.js';

const place = z.strictObject({ at: z.number(), id: z.string() });

it('gives back the place that a cursor was made of', () => {
  const cursor = toCursor({ at: 1.5, id: 'ä"b' });
  expect(cursor).toMatch(/^[\w-]+$/);
  expect(fromCursor(place, cursor)).toEqual({ at: 1.5, id: 'ä"b' });
});

it('starts at the first page without a cursor', () => {
  expect(fromCursor(place, undefined)).toBeUndefined();
});

it.each(['x', toCursor({ at: 'soon', id: 'b' }), toCursor({ at: 1, id: 'b', more: 1 })])(
  'refuses what is no cursor of the list: %s',
  (cursor) => {
    expect(() => fromCursor(place, cursor)).toThrow(InvalidRequestError);
  },
);
