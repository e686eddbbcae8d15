import { z } from 'zod';
import { REST_DEFAULTS, REST_LIMITS } from './limits.js';

/** Query parameters of every list that is read page by page with a cursor. */
export const cursorParameters = {
  cursor: z
    .string()
    .regex(/^[\w-]{1,2000}$/, 'is none that a page gave as nextCursor')
    .optional()
    .meta({ description: 'Where to go on: `nextCursor` of the page before. Without it: the first page.' }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(REST_LIMITS.pageSize)
    .default(REST_DEFAULTS.pageSize)
    .meta({ description: 'Most items of a page.' }),
};

/** A page of such a list; without `nextCursor` it is the last one. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    nextCursor: z.string().optional().meta({ description: 'Give it as `cursor` to get the next page.' }),
  });

/** One page of a list, as {@link pageOf} describes it. */
export interface Page<T> {
  items: T[];
  nextCursor?: string;
}
