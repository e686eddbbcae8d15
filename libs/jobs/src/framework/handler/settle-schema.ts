import type { z } from 'zod';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Keywords that ask something of a value; what stands beside them only tells. */
const ASKING = [
  ...[
    '$ref',
    'type',
    'enum',
    'const',
    'not',
    'allOf',
    'oneOf',
    'properties',
    'required',
    'additionalProperties',
  ],
  ...[
    'propertyNames',
    'items',
    'prefixItems',
    'minItems',
    'maxItems',
    'minLength',
    'maxLength',
    'pattern',
    'format',
  ],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
];

/**
 * Makes the parts of an input schema fit together after some of them were widened:
 *
 * - a choice of which exactly one had to fit (`oneOf`) may now fit twice, so one that fits is enough;
 * - a key, or the end of a tuple, that may hold anything may also be missing: defaults, `catch` and coercion take it so;
 * - closed objects that are to hold together (`allOf`) would refuse each other's keys.
 */
export function settle(root: JsonSchema): void {
  each(root, (schema) => {
    if (schema.oneOf) {
      schema.anyOf = [...(schema.anyOf ?? []), ...schema.oneOf];
      delete schema.oneOf;
    }
    if (schema.allOf) openParts(schema);
  });
  each(root, (schema) => {
    settleRequired(schema, root);
    settleTuple(schema, root);
  });
}

function settleRequired(schema: JsonSchema, root: JsonSchema): void {
  const { properties = {}, additionalProperties } = schema;
  schema.required &&= schema.required.filter((key) => {
    const part = Object.hasOwn(properties, key) ? properties[key] : additionalProperties;
    return part === undefined || !asksNothing(part, root);
  });
  if (schema.required?.length === 0) delete schema.required;
}

function settleTuple(schema: JsonSchema, root: JsonSchema): void {
  const { prefixItems, minItems } = schema;
  if (!prefixItems || minItems === undefined) return;
  let needed = Math.min(minItems, prefixItems.length);
  while (needed > 0 && asksNothing(prefixItems[needed - 1], root)) needed--;
  if (needed < prefixItems.length) schema.minItems = Math.min(minItems, needed);
}

/** Parts that are named (`$ref`) may be closed as well, and mean themselves elsewhere: they are left out. */
function openParts(schema: JsonSchema): void {
  schema.allOf = schema.allOf?.filter(({ $ref }) => $ref === undefined);
  schema.allOf?.forEach(open);
  if (schema.allOf?.length === 0) delete schema.allOf;
}

function open(part: JsonSchema): void {
  if (part.additionalProperties === false) delete part.additionalProperties;
  for (const other of [...(part.allOf ?? []), ...(part.anyOf ?? [])]) open(other);
}

/** Whether every value fits. */
function asksNothing(schema: unknown, root: JsonSchema, seen: readonly string[] = []): boolean {
  if (typeof schema !== 'object' || schema === null) return schema === true;
  const { $ref, anyOf } = schema as JsonSchema;
  if ($ref !== undefined && !seen.includes($ref)) {
    const name = /^#\/\$defs\/(.*)$/.exec($ref)?.[1]?.replaceAll('~1', '/').replaceAll('~0', '~');
    const meant = name === undefined ? undefined : root.$defs?.[name];
    return meant !== undefined && asksNothing(meant, root, [...seen, $ref]);
  }
  if (ASKING.some((keyword) => Object.hasOwn(schema, keyword))) return false;
  return anyOf === undefined || anyOf.some((part) => asksNothing(part, root, seen));
}

/** Every schema within a schema, the outer ones first. */
function each(schema: unknown, visit: (schema: JsonSchema) => void): void {
  if (typeof schema !== 'object' || schema === null) return;
  const json = schema as JsonSchema;
  visit(json);
  const { properties = {}, $defs = {}, prefixItems = [], anyOf = [], allOf = [] } = json;
  const single = [json.items, json.additionalProperties, json.propertyNames, json.not];
  const parts = [...Object.values(properties), ...Object.values($defs), ...prefixItems, ...anyOf, ...allOf];
  for (const part of [...parts, ...single]) each(part, visit);
}
