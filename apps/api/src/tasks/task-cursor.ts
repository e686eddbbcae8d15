import { givenTime, type ListTasksQuery } from '#libs/contracts';
import { fromCursor } from '../http/cursor.js';
import { InvalidRequestError } from '../problems/api-errors.js';
import { taskPlaceSchema } from './task-id.js';
import type { TaskPlace } from './task-rows.js';

/** Where the page begins that a query asks for. @throws {InvalidRequestError} for a cursor of another order. */
export function placeIn({ cursor, sort, order }: ListTasksQuery): TaskPlace | undefined {
  const place = fromCursor(taskPlaceSchema, cursor);
  if (!place) return undefined;
  const value = sort === 'name' ? place.value : givenTime.safeParse(place.value).data;
  if (place.sort === sort && place.order === order && value !== undefined) return { value, id: place.id };
  throw new InvalidRequestError([{ path: 'cursor', message: 'is that of a list in another order' }]);
}
