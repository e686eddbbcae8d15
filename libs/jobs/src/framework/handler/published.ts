import type { PublishedType } from '#libs/contracts';
import { z } from 'zod';
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
    settings: type.settings,
    payload: jsonSchemaOf(type.payload, 'input'),
    result: jsonSchemaOf(type.result, 'output'),
    examples: type.examples.map(({ title, payload }) => ({ title, payload })),
    idempotent: type.idempotent,
    batch: type.batch && { ...type.batch },
    schedule: type.schedule,
    requires: { environment: [...type.environment], services: type.services.map(nameOfToken) },
    dependsOn: [...type.dependsOn],
  };
}

/** What JSON Schema cannot say (transforms, own checks) is left out: the worker still checks it. */
function jsonSchemaOf(
  schema: z.ZodType | undefined,
  io: 'input' | 'output',
): Record<string, unknown> | undefined {
  return (
    schema &&
    (z.toJSONSchema(schema, {
      io,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        if (patternsOf(zodSchema).some(({ flags }) => /[ims]/.test(flags))) dropPatterns(jsonSchema);
      },
    }) as Record<string, unknown>)
  );
}

function patternsOf(schema: z.core.$ZodType): RegExp[] {
  return (schema._zod.def.checks ?? []).flatMap((check) => {
    const { pattern } = check._zod.def as { pattern?: unknown };
    return pattern instanceof RegExp ? [pattern] : [];
  });
}

/** JSON Schema has no flags: a pattern that ignores case would refuse what the worker takes. */
function dropPatterns(schema: z.core.JSONSchema.BaseSchema): void {
  delete schema.pattern;
  schema.allOf &&= schema.allOf.filter((part) => !part.pattern);
  if (schema.allOf?.length === 0) delete schema.allOf;
}
