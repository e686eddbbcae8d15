import { z } from 'zod';
import { duration } from '../types/duration.js';
import { deadLetterSchema } from './job.js';
import { REST_DEFAULTS, REST_LIMITS } from './limits.js';
import { printableText } from './text.js';

const TEN_YEARS_MS = 10 * 365 * 86_400_000;

const type = printableText(REST_LIMITS.typeLength).meta({
  description: 'Only dead letters of this type.',
  example: 'email.send',
});
const limit = z
  .number()
  .int()
  .min(1)
  .max(REST_LIMITS.deadLetters)
  .default(REST_DEFAULTS.deadLetters)
  .meta({ description: 'Most to take; `more` in the answer says whether there are others.' });
const ids = z
  .array(z.string().min(1).max(REST_LIMITS.idLength))
  .min(1)
  .max(REST_LIMITS.deadLetterIds)
  .meta({ description: 'These dead letters.', example: ['order-1042'] });

/** Query of `GET /api/dead-letters`. */
export const listDeadLettersSchema = z.strictObject({
  page: z.coerce
    .number()
    .int()
    .min(1)
    .max(REST_LIMITS.page)
    .default(REST_DEFAULTS.page)
    .meta({ description: 'Counted from 1.' }),
  pageSize: z.coerce
    .number()
    .int()
    .min(1)
    .max(REST_LIMITS.pageSize)
    .default(REST_DEFAULTS.pageSize)
    .meta({ description: 'Dead letters on a page.' }),
  type: type.optional(),
});

export type ListDeadLettersQuery = z.output<typeof listDeadLettersSchema>;

/** Answer of `GET /api/dead-letters`: one page, the newest first. */
export const deadLetterPageSchema = z
  .object({
    items: z.array(deadLetterSchema),
    page: z.number().int().min(1).meta({ example: 1 }),
    pageSize: z.number().int().min(1).meta({ example: 20 }),
    total: z.number().int().min(0).meta({ description: 'All that fit the filter.', example: 1 }),
  })
  .meta({ id: 'DeadLetterPage' });

export type DeadLetterPage = z.output<typeof deadLetterPageSchema>;

/** Body of `POST /api/dead-letters/replay`. */
export const replaySchema = z
  .union([z.strictObject({ ids }), z.strictObject({ type, limit })], {
    error: `give either "ids" (1 to ${REST_LIMITS.deadLetterIds} of them), or "type" ("limit" may be given with it)`,
  })
  .meta({ id: 'ReplayRequest' });

export type ReplayRequest = z.output<typeof replaySchema>;

/** Body of `POST /api/dead-letters/purge`. */
export const purgeSchema = z
  .union(
    [
      z.strictObject({ ids }),
      z.strictObject({
        olderThan: duration(0, TEN_YEARS_MS).meta({
          description: 'Those that died so long ago or longer: milliseconds, or a text like "7d"; 0 = all.',
          example: '7d',
        }),
        type: type.optional(),
        limit,
      }),
    ],
    {
      error: `give either "ids" (1 to ${REST_LIMITS.deadLetterIds} of them), or "olderThan" (milliseconds, or a text like "7d"; "type" and "limit" may be given with it)`,
    },
  )
  .meta({ id: 'PurgeRequest' });

export type PurgeRequest = z.output<typeof purgeSchema>;

const outcome = {
  missing: z
    .array(z.string())
    .meta({ description: 'Ids that are no dead letters, or no longer.', example: [] }),
  more: z.boolean().meta({ description: 'Whether there are more than `limit`: ask again.' }),
};
const taken = z.number().int().min(0).meta({ example: 12 });

/** Answer of `POST /api/dead-letters/replay`. */
export const replayedSchema = z.object({ replayed: taken, ...outcome }).meta({ id: 'Replayed' });

export type Replayed = z.output<typeof replayedSchema>;

/** Answer of `POST /api/dead-letters/purge`. */
export const purgedSchema = z.object({ purged: taken, ...outcome }).meta({ id: 'Purged' });

export type Purged = z.output<typeof purgedSchema>;
