import { z } from 'zod';
import { typeMetricsSchema, type TypeMetricsView } from '../types/type-metrics.js';
import { publishedTypeSchema } from '../types/published-type.js';
import type { QueueRoute } from '../types/queue-routes.js';
import { REST_LIMITS } from './limits.js';
import { printableText } from './text.js';
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

/** One entry of `QUEUE_ROUTES`. */
export const queueRouteSchema = z
  .object({
    types: z.string().meta({ description: 'A type, or a pattern with `*`.', example: 'video.encode' }),
    queue: z.string().meta({ description: 'Queue its jobs go to.', example: 'go-video' }),
  })
  .meta({ id: 'QueueRoute' });

/** Answer of `GET /api/types`. */
export const typeListSchema = z
  .object({
    items: z.array(liveTypeSchema),
    routes: z.array(queueRouteSchema).meta({
      description:
        'Types that have a queue of their own, whatever their handlers say: `QUEUE_ROUTES`. Workers publish those of them that ' +
        'they run, Go programs none. A name beats patterns, of which the first that fits counts.',
    }),
  })
  .meta({ id: 'JobTypes' });

/** Path parameters of a type. */
export const typePathSchema = z.strictObject({
  type: printableText(REST_LIMITS.typeLength).meta({
    description: 'Name of the job type, percent-encoded.',
    example: 'example.sleep',
  }),
});

export type TypePath = z.output<typeof typePathSchema>;

/** Answer of `GET /api/types/metrics`. */
export const typeMetricsListSchema = z
  .object({ items: z.array(typeMetricsSchema) })
  .meta({ id: 'TypeMetricsList' });

export interface TypeMetricsList {
  items: TypeMetricsView[];
}

/** Body and answer of `PUT /api/types/:type/settings`: all that is overridden at run time. */
export const typeOverridesBodySchema = typeOverridesSchema.meta({ id: 'TypeOverrides' });

export interface TypeList {
  items: z.infer<typeof liveTypeSchema>[];
  routes: QueueRoute[];
}
