// The API checks payloads by the JSON Schemas that workers publish. It must never refuse what the worker would take.
import { TYPE_DEFAULTS, type LiveType, type PublishedType } from '#libs/contracts';
import { HandlerRegistry, publishedType } from '#libs/jobs';
import { z } from 'zod';
// The part of the API that this is about: an application is no library that could be imported by name.
// eslint-disable-next-line no-restricted-imports
import { checkPayload } from '../../apps/api/src/types/check-payload.js';

/** As a worker publishes it, and as it arrives at the API. */
function published(payload: z.ZodType, examples: { title: string; payload: unknown }[] = []): LiveType {
  const registry = new HandlerRegistry(TYPE_DEFAULTS);
  const type = registry.register({ type: 'test', payload, examples }, { run: () => 1 });
  const told = JSON.parse(JSON.stringify(publishedType(type, 'jobs'))) as PublishedType;
  return {
    ...told,
    workers: ['w'],
    versions: [{ version: told.version, payload: told.payload, workers: ['w'] }],
  };
}

const accepts = (type: LiveType, payload: unknown): boolean => {
  try {
    checkPayload(type, payload);
    return true;
  } catch {
    return false;
  }
};

const wide = z.lazy(() => z.coerce.number());
type Tree = { name: string; children?: Tree[] | undefined };
const tree: z.ZodType<Tree> = z.lazy(() =>
  z.strictObject({ name: z.string().trim().min(1), children: z.array(tree).optional() }),
);

/** Parts of payloads in which zod takes more than it seems to say. */
const PARTS: Record<string, z.ZodType> = {
  string: z.string().min(2).max(4),
  'length of an emoji': z.string().length(2),
  trim: z.string().trim().min(2).max(4),
  'trim and format': z.string().trim().pipe(z.email()),
  'trim before a check': z.string().trim().regex(/^\w+$/),
  'lower case': z
    .string()
    .toLowerCase()
    .regex(/^[a-z]*$/),
  normalize: z.string().normalize('NFC').max(1),
  overwrite: z
    .string()
    .overwrite((text) => `${text}!`)
    .endsWith('!'),
  'rounded number': z.number().overwrite(Math.round).int().max(3),
  'cut list': z
    .array(z.number())
    .overwrite((list) => list.slice(0, 1))
    .max(1),
  'coerced number': z.coerce.number().min(1),
  'coerced text': z.coerce.string().max(5),
  'coerced flag': z.coerce.boolean(),
  'coerced date': z.coerce.date(),
  'coerced bigint': z.coerce.bigint(),
  'coerced, described': z.coerce.number().int().describe('how many').optional(),
  preprocess: z.preprocess((value) => (value === '' ? undefined : value), z.number().optional()),
  'preprocess to a list': z.preprocess(
    (value) => (Array.isArray(value) ? value : [value]),
    z.array(z.number()),
  ),
  transform: z.string().transform((text) => text.length),
  'transform and pipe': z.string().transform(Number).pipe(z.number().min(2)),
  default: z.number().default(3),
  'default of a text': z.string().min(2).default('x'),
  prefault: z.string().min(2).prefault('abc'),
  catch: z.number().catch(0),
  'catch of an object': z.strictObject({ a: z.number() }).catch({ a: 1 }),
  'catch and transform': z.number().catch(0).transform(String),
  'decimal steps': z.number().multipleOf(0.1),
  'several steps': z.number().multipleOf(5).multipleOf(0.05),
  'whole steps': z.number().multipleOf(5),
  int: z.int(),
  nullable: z.coerce.number().nullable(),
  nullish: z.string().trim().min(1).nullish(),
  union: z.union([z.coerce.number(), z.literal('none')]),
  'union of transforms': z.union([z.string().transform(Number), z.number()]),
  xor: z.xor([z.string().trim().length(1), z.literal('abc'), z.number()]),
  'discriminated union': z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('a'), value: z.coerce.number() }),
    z.object({ kind: z.literal('b'), value: z.string().trim().min(1) }),
  ]),
  intersection: z.intersection(z.strictObject({ a: z.number() }), z.strictObject({ b: z.coerce.number() })),
  'described intersection': z.intersection(
    z.strictObject({ a: z.number() }).describe('first'),
    z
      .object({ b: z.record(z.string(), z.number()) })
      .strict()
      .describe('second'),
  ),
  record: z.record(z.string().trim().max(1), z.coerce.number()),
  'record of known keys': z.record(z.enum(['a', 'b']), z.coerce.string()),
  'record of known keys, caught': z.record(z.enum(['a', 'b']), z.number().catch(1)),
  'record of numbers': z.record(z.number(), z.number()),
  'loose record': z.looseRecord(z.string().regex(/^[A-Z]$/i), z.coerce.number()),
  tuple: z.tuple([z.string(), z.coerce.number()]),
  'tuple with defaults': z.tuple([z.string(), z.number().catch(1), z.number().default(1)]),
  optional: z.coerce.number().optional(),
  custom: z.custom<string>((value) => typeof value !== 'object'),
  any: z.any(),
  unknown: z.unknown(),
  'literal or nothing': z.literal(['a', undefined]),
  lazy: wide,
  tree,
  json: z.json(),
  enum: z.enum(['a', 'B']),
  'numbers by name': z.nativeEnum({ a: 1, b: 2 } as const),
  stringbool: z.stringbool(),
  'any case': z.string().regex(/^abc$/i),
  'several lines': z.string().regex(/^b$/m),
  'dot and line end': z.string().regex(/^a.b$/s),
  'units, not characters': z.string().regex(/^.{2}$/),
  'characters, not units': z.string().regex(/^.$/u),
  'no unicode expression': z.string().regex(/^[\w-.]+$/),
  sets: z.string().regex(new RegExp('^[\\p{L}--[a-z]]$', 'v')),
  'starts with': z.string().startsWith('a'),
  'includes at': z.string().includes('b', { position: 2 }),
  email: z.email(),
  'own email': z.email({ pattern: z.regexes.unicodeEmail }),
  url: z.url(),
  'web address': z.url({ protocol: /^https?$/ }),
  uuid: z.uuid(),
  guid: z.guid(),
  datetime: z.iso.datetime({ offset: true, local: true }),
  date: z.iso.date(),
  time: z.iso.time(),
  duration: z.iso.duration(),
  ipv4: z.ipv4(),
  ipv6: z.ipv6(),
  cidrv6: z.cidrv6(),
  base64: z.base64(),
  base64url: z.base64url(),
  e164: z.e164(),
  jwt: z.jwt(),
  hostname: z.hostname(),
  template: z.templateLiteral(['a', z.number(), z.enum(['x', 'y'])]),
  codec: z.codec(z.iso.date(), z.date(), { decode: (text) => new Date(text), encode: String }),
  'key of every object': z.looseObject({ valueOf: z.string().optional() }),
  named: z.object({ a: z.coerce.number() }).meta({ id: 'named-part', title: 'Named' }),
  refined: z.number().refine((value) => value > 1),
  readonly: z.array(z.coerce.number()).readonly(),
};

const VALUES: unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    1,
    2,
    3.4,
    -0,
    0.3,
    0.7,
    1.1,
    25,
    1e22,
    1.5e300,
    '',
    ' ',
    'a',
    'B',
    'b',
    'ab',
    'abc',
  ],
  ...[
    'ABC',
    '  abc  ',
    'abcdef',
    '5',
    '0.3',
    'none',
    'yes',
    'FALSE',
    'x\nb\ny',
    'a\nb',
    'a.b-c',
    '😀',
    '😀😀',
    'ß',
    'e\u0301',
  ],
  ...[
    'ab\ncb',
    '\n\nb',
    ' ada@example.org ',
    'ada@example.org',
    'ä@bücher.example',
    'https://exämple.org/ü ü',
    ' https://a.test ',
  ],
  ...[
    'mailto:ada',
    'http://[::1]/',
    '2026-11-22',
    '2026-11-22T10:00',
    '2026-11-22T10:00:00.5+02:00',
    '10:00',
    '10:00:00.123',
  ],
  ...[
    'P1Y1D',
    'PT1.5S',
    'P1W',
    '127.0.0.1',
    '::1',
    '::ffff:1.2.3.4',
    'fe80::1',
    '2001:db8::/32',
    'YQ==',
    'YQ',
    '+4912345678',
  ],
  ...[
    '00000000-0000-0000-0000-000000000000',
    '123E4567-E89B-12D3-A456-426614174000',
    'a1x',
    'a1.5y',
    'localhost',
    'EXAMPLE.org.',
  ],
  ...['eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln', 'abc!', '1e3'],
  ...[[], [1], [1, 2], ['1', 2], ['x'], ['x', null], ['x', '2', 3], ['a', 1, 2, 3]],
  ...[
    {},
    { a: 1 },
    { a: '1' },
    { a: 1, b: 2 },
    { a: 1, b: '2' },
    { a: 1, b: {} },
    { b: null },
    { A: 'x', z: 'y' },
    { 1: 2, 3: 4 },
  ],
  ...[{ ' a ': '1' }, { kind: 'a', value: '3' }, { kind: 'b', value: ' x ' }, { kind: 'a' }, { kind: 'c' }],
  ...[
    { name: ' x ' },
    { name: 'x', children: [{ name: ' y ', children: [] }] },
    { valueOf: 'x' },
    { toString: 1 },
  ],
];

/** What is within a payload where the part stands: alone, in an object, a list, a record, a choice. */
const WRAPS: Record<string, { schema: (part: z.ZodType) => z.ZodType; payloads: unknown[] }> = {
  alone: { schema: (part) => part, payloads: VALUES },
  'in a closed object': {
    schema: (part) => z.strictObject({ part, other: z.string().default('x') }),
    payloads: [{}, ...VALUES.map((part) => ({ part }))],
  },
  'in a list': { schema: (part) => z.array(part), payloads: VALUES.map((part) => [part]) },
  'in a record': {
    schema: (part) => z.record(z.string(), part),
    payloads: VALUES.map((part) => ({ key: part })),
  },
  'twice, maybe missing': {
    schema: (part) => z.object({ one: part.optional(), two: z.union([part, z.strictObject({ part })]) }),
    payloads: [{}, { two: {} }, ...VALUES.flatMap((part) => [{ two: part }, { one: part, two: { part } }])],
  },
  described: {
    schema: (part) => z.object({ part: part.describe('a part') }),
    payloads: [{}, ...VALUES.map((part) => ({ part }))],
  },
};

describe.each(Object.entries(WRAPS))('a part %s', (_, { schema, payloads }) => {
  it.each(Object.entries(PARTS))('%s: the API takes whatever the worker takes', (_name, part) => {
    const whole = schema(part);
    const type = published(whole);
    const refused = payloads.filter((payload) => whole.safeParse(payload).success && !accepts(type, payload));
    expect(refused).toEqual([]);
  });
});

it('each part takes some of the values, so that there is something to refuse', () => {
  const untaken = Object.entries(PARTS).filter(
    ([, part]) => !VALUES.some((value) => part.safeParse(value).success),
  );
  expect(untaken.map(([name]) => name)).toEqual([]);
});

it.each<[string, z.ZodType, unknown]>([
  ['a missing key', z.object({ to: z.string() }), {}],
  ['an unknown key', z.strictObject({ to: z.string() }), { to: 'x', cc: 'y' }],
  ['another type', z.object({ times: z.number() }), { times: '3' }],
  ['a text that is too short', z.string().min(3), 'ab'],
  ['a text that is too long', z.string().max(1), 'ab'],
  ['a number that is too small', z.number().min(1), 0],
  ['a step that is not kept', z.number().multipleOf(5), 7],
  ['a value that is none of those', z.enum(['a', 'b']), 'c'],
  ['an expression that does not fit', z.string().regex(/^[a-z]+$/), 'A1'],
  ['no email', z.email(), 'ada'],
  ['no address', z.url(), 'x'],
  ['a list that is too long', z.array(z.number()).max(1), [1, 2]],
  ['none of a choice', z.discriminatedUnion('kind', [z.object({ kind: z.literal('a') })]), { kind: 'b' }],
  ['a part before a transform', z.string().transform(Number).pipe(z.number()), 3],
])('%s is still refused', (_, schema, payload) => {
  expect(schema.safeParse(payload).success).toBe(false);
  expect(accepts(published(schema), payload)).toBe(false);
});

it('says what is wrong with a text that has a format by its format, not by an expression', () => {
  expect(() => checkPayload(published(z.object({ to: z.email() })), { to: 'ada' })).toThrow(
    'payload.to: must match format "email"',
  );
});

it('takes a text that is too long for an expression to be tried, as the worker does', () => {
  const text = 'A'.repeat(64 * 1024 * 4);
  expect(accepts(published(z.base64()), text)).toBe(true);
});
