import { z } from 'zod';
import { storableText, TASK_SORTS } from '#libs/contracts';
import { TaskNotFoundError } from './task-errors.js';

const ID = z.uuid();

/** The id in a path. Anything that no task can have is answered like a missing one. @throws {TaskNotFoundError} */
export function taskIdOf(given: string): string {
  const parsed = ID.safeParse(given);
  if (parsed.success) return parsed.data.toLowerCase();
  throw new TaskNotFoundError(given.length > 80 ? `${given.slice(0, 80)}...` : given);
}

/** What a cursor of the list of tasks stands for; it belongs to one order. */
export const taskPlaceSchema = z.object({
  sort: z.enum(TASK_SORTS),
  order: z.enum(['asc', 'desc']),
  value: storableText(400),
  id: ID,
});
