import { z } from 'zod';
import { publishedTypeSchema } from '../types/published-type.js';
import { typeOverridesSchema } from '../types/type-settings.js';

/** A job type that live workers run. */
export const liveTypeSchema = publishedTypeSchema
  .extend({
    workers: z.array(z.string()).meta({ description: 'Ids of the live workers that run it.' }),
    versions: z
      .array(
        publishedTypeSchema.pick({ version: true, payload: true }).extend({ workers: z.array(z.string()) }),
      )
      .meta({
        description: 'The versions that live workers run, the newest first: a payload may fit any of them.',
      }),
  })
  .meta({ id: 'JobType' });

/** Answer of `GET /api/types`. */
export const typeListSchema = z.object({ items: z.array(liveTypeSchema) }).meta({ id: 'JobTypes' });

/** Body and answer of `PUT /api/types/:type/settings`: all that is overridden at run time. */
export const typeOverridesBodySchema = typeOverridesSchema.meta({ id: 'TypeOverrides' });

export interface TypeList {
  items: z.infer<typeof liveTypeSchema>[];
}
