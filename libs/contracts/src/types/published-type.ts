import { z } from 'zod';
import { typeSettingsSchema } from './type-settings.js';

const jsonSchema = z.record(z.string(), z.unknown());

/** When jobs of a type are added by themselves. */
export const scheduleSchema = z.strictObject({
  /** Milliseconds between two runs; either this or `cron`. */
  every: z.number().optional(),
  /** Cron expression of five or six fields. */
  cron: z.string().optional(),
  /** IANA name of the time zone `cron` is meant in. */
  timeZone: z.string().optional(),
  /** What happens to a run that falls due while the one before waits or runs. */
  overlap: z.enum(['skip', 'queue']),
  payload: z.unknown().optional(),
});

/** A job type as a worker publishes it, for those who add jobs and know none of its code. */
export const publishedTypeSchema = z.object({
  type: z.string(),
  /** For people; the type where the handler gives none. */
  name: z.string(),
  description: z.string().optional(),
  version: z.string(),
  /** Queue its jobs go to. */
  queue: z.string(),
  /** True when the type itself names that queue; else it is that of the worker. */
  hasOwnQueue: z.boolean().optional(),
  /** Settings in force, after the environment and run-time changes. */
  settings: typeSettingsSchema,
  /** Settings without run-time changes; workers of earlier versions do not publish them. */
  defaults: typeSettingsSchema.optional(),
  /** JSON Schema (2020-12) of the payload as producers write it; absent = anything. */
  payload: jsonSchema.optional(),
  /** JSON Schema of the result. */
  result: jsonSchema.optional(),
  /** Payloads that fit, to show and to start from. */
  examples: z.array(z.object({ title: z.string(), payload: z.unknown() })),
  idempotent: z.boolean(),
  batch: z.object({ size: z.number(), maxWait: z.number() }).optional(),
  schedule: scheduleSchema.optional(),
  requires: z.object({ environment: z.array(z.string()), services: z.array(z.string()) }),
  dependsOn: z.array(z.string()),
});

export type PublishedType = z.infer<typeof publishedTypeSchema>;

/** One of the versions of a type that live workers run. */
export interface LiveVersion extends Pick<PublishedType, 'version' | 'payload'> {
  workers: string[];
}

/** A published type as its newest version says, and which live workers run it, in which versions. */
export interface LiveType extends PublishedType {
  workers: string[];
  /** The newest first. Workers of one version that take other payloads are a version of their own. */
  versions: LiveVersion[];
}
