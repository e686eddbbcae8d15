import { z } from 'zod';
import { settle } from './settle-schema.js';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** What is told about a value, and asks nothing of it. */
const ANNOTATIONS = new Set([
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
]);
/** What checks of zod ask of a value, besides its type. */
const CHECKS = [
  ...['minLength', 'maxLength', 'pattern', 'format', 'contentEncoding', 'minItems', 'maxItems'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'allOf'],
] as const;
/** Formats that zod does not check by the pattern it names for them. */
const UNLIKE_THEIR_PATTERN = new Set(['ipv6', 'cidrv6']);

/**
 * The JSON Schema of what producers may write, never narrower than what the zod schema takes: whatever cannot be said
 * exactly (coercion, preprocessing, checks after a change of the value, expressions with flags, decimal steps) is left out.
 * The worker checks all of it all the same.
 *
 * Expressions may be meant with or without the flag `u`.
 */
export function inputSchemaOf(schema: z.ZodType): Record<string, unknown> {
  const written = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => widen(zodSchema, jsonSchema),
  }) as JsonSchema;
  settle(written);
  return written as Record<string, unknown>;
}

/** Takes out what one part of a schema says and zod does not mean. */
function widen(zodSchema: z.core.$ZodType, json: JsonSchema): void {
  const { def } = (zodSchema as z.core.$ZodTypes)._zod;
  if (takesAnything(def)) return clear(json);
  const checks = checksOf(zodSchema);
  // What comes after a change of the value is about the changed one; a pattern before it may be as well.
  if (checks.some(({ check }) => check === 'overwrite')) {
    for (const name of CHECKS) Reflect.deleteProperty(json, name);
    if (json.type === 'integer') json.type = 'number';
    return;
  }
  dropInexactPatterns(zodSchema, json);
  dropSteps(json);
  // Keys that fit an expression and those that do not are told apart here otherwise than in zod.
  delete json.patternProperties;
}

/** Takes out patterns that ask for something else than the zod schema's checks. */
export function dropInexactPatterns(zodSchema: z.core.$ZodType, json: JsonSchema): void {
  if (checksOf(zodSchema).some(isInexact)) dropFrom(json, 'pattern');
}

function takesAnything(def: z.core.$ZodTypes['_zod']['def']): boolean {
  if ('coerce' in def && def.coerce === true) return true;
  if (def.type === 'catch' || def.type === 'custom' || def.type === 'promise') return true;
  if (def.type === 'literal') return def.values.includes(undefined);
  return def.type === 'pipe' && def.in._zod.def.type === 'transform';
}

interface Check {
  readonly check?: string;
  readonly format?: string;
  readonly pattern?: unknown;
  readonly position?: number;
}

/** A schema of a format is its own first check. */
function checksOf(zodSchema: z.core.$ZodType): Check[] {
  const { def, traits } = zodSchema._zod;
  const checks = (def.checks ?? []).map((check) => check._zod.def as Check);
  return traits.has('$ZodCheck') ? [def as Check, ...checks] : checks;
}

/** Whether the JSON Schema's pattern asks for something else than the check. */
function isInexact({ format, pattern, position }: Check): boolean {
  if (!(pattern instanceof RegExp)) return false;
  // What stands before that place may have line ends.
  if (position !== undefined) return true;
  return UNLIKE_THEIR_PATTERN.has(format ?? '') || /[imsv]/.test(pattern.flags) || !isUnicode(pattern.source);
}

/** JSON Schema's patterns have the flag `u`, with which not every expression can be read. */
function isUnicode(source: string): boolean {
  try {
    void new RegExp(source, 'u');
    return true;
  } catch {
    return false;
  }
}

/** 0.3 is a multiple of 0.1 for zod, and not for who divides. */
function dropSteps(json: JsonSchema): void {
  const steps = [json.multipleOf, ...(json.allOf ?? []).map(({ multipleOf }) => multipleOf)];
  if (steps.some((step) => step !== undefined && !Number.isInteger(step))) dropFrom(json, 'multipleOf');
}

function dropFrom(json: JsonSchema, name: 'pattern' | 'multipleOf'): void {
  Reflect.deleteProperty(json, name);
  json.allOf &&= json.allOf.filter((part) => part[name] === undefined);
  if (json.allOf?.length === 0) delete json.allOf;
}

function clear(json: JsonSchema): void {
  for (const name of Object.keys(json)) if (!ANNOTATIONS.has(name)) Reflect.deleteProperty(json, name);
}
