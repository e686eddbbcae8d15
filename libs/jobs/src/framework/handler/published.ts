import type { PublishedType } from '#libs/contracts';
import { z } from 'zod';
import { dropInexactPatterns, inputSchemaOf } from './input-schema.js';
import type { JobType } from './job-type.js';
import { nameOfToken } from './token.js';

/** A job type as those see it who add jobs and know none of its code. */
export function publishedType(type: JobType, workerQueue: string): PublishedType {
  return {
    type: type.type,
    name: type.name,
    description: type.description,
    version: type.version,
    queue: type.queue ?? workerQueue,
    ...(type.queue !== undefined && { hasOwnQueue: true }),
    settings: type.settings,
    defaults: type.standingSettings,
    payload: type.payload && inputSchemaOf(type.payload),
    result: type.result && outputSchemaOf(type.result),
    examples: type.examples.map(({ title, payload }) => ({ title, payload })),
    idempotent: type.idempotent,
    batch: type.batch && { ...type.batch },
    schedule: type.schedule,
    requires: { environment: [...type.environment], services: type.services.map(nameOfToken) },
    dependsOn: [...type.dependsOn],
  };
}

/** What a handler gives; a pattern with flags, which JSON Schema does not have, is left out. */
function outputSchemaOf(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, {
    io: 'output',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => dropInexactPatterns(zodSchema, jsonSchema),
  }) as Record<string, unknown>;
}
