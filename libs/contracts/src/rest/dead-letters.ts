import { z } from 'zod';
import { duration } from '../types/duration.js';
import { jobQueueParameter } from './job-queue.js';
import { deadLetterSchema } from './job.js';
import { REST_DEFAULTS, REST_LIMITS } from './limits.js';
import { cursorParameters, pageOf } from './page.js';
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
  ...cursorParameters,
  type: type.optional(),
  queue: jobQueueParameter,
});

export type ListDeadLettersQuery = z.output<typeof listDeadLettersSchema>;

/** Answer of `GET /api/dead-letters`: one page, the newest first. */
export const deadLetterPageSchema = pageOf(deadLetterSchema)
  .extend({
    total: z
      .number()
      .int()
      .min(0)
      .optional()
      .meta({ description: 'All there are; not told with a `type`.', example: 1 }),
  })
  .meta({ id: 'DeadLetterPage' });

export type DeadLetterPage = z.output<typeof deadLetterPageSchema>;

/** Query of `GET /api/dead-letters/groups`. */
export const deadLetterGroupsQuerySchema = z.strictObject({
  queue: jobQueueParameter,
  limit: cursorParameters.limit.meta({ description: 'Most groups, the largest first.' }),
});

export type DeadLetterGroupsQuery = z.output<typeof deadLetterGroupsQuerySchema>;

const count = z.number().int().min(0);
const time = z.string().meta({ format: 'date-time', example: '2026-03-01T09:30:00.000Z' });

/** Answer of `GET /api/dead-letters/groups`. */
export const deadLetterGroupsSchema = z
  .object({
    items: z.array(
      z.object({
        fingerprint: z.string().meta({
          description: 'Stands for type, code and reason; the same each time.',
          example: '9f86d081884c7d65',
        }),
        type: z.string().meta({ example: 'email.send' }),
        code: z.string().optional().meta({ example: 'ERROR' }),
        reason: z.string().meta({
          description: 'With `#` for what differs from job to job: numbers, ids, quoted words.',
          example: 'connect ECONNREFUSED #.#.#.#:#',
        }),
        count: count.meta({ example: 12 }),
        firstSeen: time,
        lastSeen: time,
        example: z.string().meta({ description: 'Id of the one that died last.', example: 'order-1042' }),
      }),
    ),
    total: count.meta({ description: 'How many groups there are.' }),
    looked: count.meta({ description: 'How many dead letters were looked at, the newest.' }),
    complete: z
      .boolean()
      .meta({ description: 'False when there are older ones: at most 10,000 are looked at.' }),
  })
  .meta({ id: 'DeadLetterGroups' });

export type DeadLetterGroups = z.output<typeof deadLetterGroupsSchema>;

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
