import { SetMetadata } from '@nestjs/common';

/**
 * What the audit log tells of a field: its value, shortened; how many entries it has; only that it was given, since a payload or a secret
 * may be in it; or the same for each field in it. Fields that are not named here are not looked at.
 */
export type Telling = 'value' | 'count' | 'omitted' | { readonly [name: string]: Telling };

/** What the audit log tells of a body. */
export type BodyTelling = Readonly<Record<string, Telling>>;

type FieldOf<T> = T extends unknown ? keyof T & string : never;

/** Where {@link BodyTelling} is kept of a route. */
export const TELLING_METADATA = 'drover:audit';

/** Decides for each field of a route's body what the audit log tells of it; one that is forgotten is an error of types. */
export function AuditBody<T>(telling: Readonly<Record<FieldOf<T>, Telling>>): MethodDecorator {
  return SetMetadata<string, BodyTelling>(TELLING_METADATA, telling);
}

const MOST_TEXT = 200;
const MOST_ENTRIES = 10;
const MOST_FIELDS = 20;
const MOST_DEPTH = 3;
/** Characters of all as JSON; of more than that only the names of the fields are told. */
const MOST_JSON = 4000;
/** Others come from a hostile client, and a database may not take them. */
const FIELD_NAME = /^[\w.-]{1,50}$/;

/** Of a body as it was sent, valid or not, what may be told; null when that is nothing. */
export function toldOf(body: unknown, telling: BodyTelling | undefined): Record<string, unknown> | null {
  if (!telling || !isObject(body)) return null;
  const told = tellFields(body, telling);
  const names = Object.keys(told);
  if (names.length === 0) return null;
  return JSON.stringify(told).length <= MOST_JSON ? told : { tooLong: names };
}

function tellFields(body: object, telling: BodyTelling): Record<string, unknown> {
  const told: Record<string, unknown> = {};
  const omitted: string[] = [];
  for (const [name, how] of Object.entries(telling)) {
    const value: unknown = Object.hasOwn(body, name) ? (body as Record<string, unknown>)[name] : undefined;
    if (value === undefined) continue;
    if (how === 'omitted') omitted.push(name);
    else told[name] = tell(value, how);
  }
  return omitted.length > 0 ? { ...told, omitted } : told;
}

function tell(value: unknown, how: Exclude<Telling, 'omitted'>): unknown {
  if (typeof how === 'object') return isObject(value) ? tellFields(value, how) : typeof value;
  if (how === 'count') return Array.isArray(value) ? { count: value.length } : typeof value;
  return short(value, MOST_DEPTH);
}

function short(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.slice(0, MOST_TEXT);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return Array.isArray(value) ? 'array' : 'object';
  if (Array.isArray(value)) {
    return {
      count: value.length,
      first: value.slice(0, MOST_ENTRIES).map((entry: unknown) => short(entry, depth - 1)),
    };
  }
  const fields = Object.entries(value)
    .filter(([name]) => FIELD_NAME.test(name))
    .slice(0, MOST_FIELDS);
  return Object.fromEntries(fields.map(([name, entry]) => [name, short(entry, depth - 1)]));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
