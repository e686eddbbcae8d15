import { problemsOf } from '#libs/contracts';
import { z } from 'zod';
import type { JobHandlerOptions } from './job-options.js';
import type { Refuse } from './refusal.js';

const MAX_TYPE_LENGTH = 200;
const MAX_NAME_LENGTH = 200;
/** Control characters, and halves of a surrogate pair (they have no UTF-8 form). */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;
const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Those that the runner calls where a handler has them. */
const OPTIONAL_METHODS = ['validate', 'prepare', 'cleanUp', 'isRetryable', 'onDeadLetter'] as const;

const text = (max: number) => z.string().trim().min(1).max(max);
const zodSchema = z.custom(isZodSchema, 'must be a schema of zod 4').optional();

/** What the options are that are no settings; schedule and batch have schemas of their own. */
const values = z.object({
  name: text(MAX_NAME_LENGTH).optional(),
  description: z.string().optional(),
  queue: text(MAX_NAME_LENGTH).optional(),
  payload: zodSchema,
  result: zodSchema,
  examples: z.array(z.object({ title: text(MAX_NAME_LENGTH), payload: z.unknown() })).optional(),
  requires: z
    .object({
      environment: z.array(z.string()).optional(),
      services: z
        .array(
          z.unknown().refine((token) => token !== undefined, 'is undefined: does its file import this one?'),
        )
        .optional(),
    })
    .optional(),
  dependsOn: z.array(text(MAX_TYPE_LENGTH)).optional(),
  idempotent: z.boolean().optional(),
});

/** @throws {InvalidJobHandlerError} for a type that is none, and for values of a wrong kind. */
export function assertOptionValues(options: JobHandlerOptions, handler: object, refuse: Refuse): void {
  const { type, requires } = options;
  if (!isType(type)) {
    throw refuse(
      `has no usable type: write @JobHandler({ type: '...' }) with 1 to ${MAX_TYPE_LENGTH} characters, without control characters and white space at its ends`,
    );
  }
  const parsed = values.safeParse(options);
  if (!parsed.success) {
    throw refuse(`has options that cannot be used: ${problemsOf(parsed.error).join('; ')}`);
  }
  const unnamed = requires?.environment?.find((name) => !ENVIRONMENT_NAME.test(name));
  if (unnamed !== undefined) {
    throw refuse(`requires the environment variable "${unnamed}", which is no name of one`);
  }
  for (const name of OPTIONAL_METHODS) {
    const method = (handler as Record<string, unknown>)[name];
    if (method !== undefined && typeof method !== 'function') throw refuse(`has a ${name} that is no method`);
  }
}

function isType(type: unknown): boolean {
  if (typeof type !== 'string' || type === '' || type.length > MAX_TYPE_LENGTH) return false;
  return type === type.trim() && !UNPRINTABLE.test(type);
}

/** Also of another copy of zod; version 3 has no `_zod`, and makes no JSON Schema. */
function isZodSchema(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '_zod' in value && 'safeParseAsync' in value;
}
