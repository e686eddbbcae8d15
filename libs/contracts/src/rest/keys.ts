import { z } from 'zod';
import { ROLES } from '../roles.js';
import { duration } from '../types/duration.js';
import { cursorParameters, pageOf } from './page.js';

const MINUTE_MS = 60_000;
const TEN_YEARS_MS = 10 * 365 * 86_400_000;

const time = (description: string) =>
  z.iso.datetime().meta({ description, example: '2026-11-22T21:40:00.000Z' });

/** Names of callers that are no keys; a key cannot have one of them. */
export const RESERVED_CALLER_NAMES: readonly string[] = ['admin', 'local', 'anonymous'];

const keyName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9 ._@:/-]{0,99}$/,
    'must be 1 to 100 letters, digits, spaces or any of . _ @ : / -, the first a letter or digit',
  )
  .refine((name) => !RESERVED_CALLER_NAMES.includes(name.toLowerCase()), 'is reserved')
  .meta({
    description: 'Unique for ever, whatever the case: jobs and the audit log carry it.',
    example: 'ci',
  });

const role = z.enum(ROLES).meta({
  description: 'viewer looks; operator acts on jobs, queues and types as well; admin manages keys as well.',
  example: 'operator',
});

const ownJobsOnly = z.boolean().meta({
  description: 'Whether the key sees and touches only jobs it has created.',
  example: false,
});

/** Body of `POST /api/keys`. */
export const createKeySchema = z
  .strictObject({
    name: keyName,
    role,
    ownJobsOnly: ownJobsOnly.default(false),
    expiresIn: duration(MINUTE_MS, TEN_YEARS_MS).optional().meta({
      description: 'How long it is valid: milliseconds, or a text like "90d". Not given: for ever.',
      example: '90d',
    }),
  })
  .refine((key) => !(key.ownJobsOnly && key.role === 'admin'), {
    path: ['ownJobsOnly'],
    message: 'is not possible for an admin',
  })
  .meta({ id: 'CreateKeyRequest' });

export type CreateKeyRequest = z.output<typeof createKeySchema>;

export const KEY_STATES = ['active', 'expired', 'revoked'] as const;

export type KeyState = (typeof KEY_STATES)[number];

const keyFields = {
  id: z
    .string()
    .meta({ description: 'The middle part of the key; not secret.', example: '3f9c0b1de27a4485' }),
  name: z.string().meta({ example: 'ci' }),
  role,
  ownJobsOnly,
  state: z.enum(KEY_STATES).meta({ example: 'active' }),
  createdAt: time('When it was created.'),
  createdBy: z.string().meta({ description: 'Name of the caller who created it.', example: 'admin' }),
  expiresAt: time('When it stops being valid. Absent: never.').optional(),
  lastUsedAt: time('When it was last used, to the minute. Absent: never.').optional(),
  revokedAt: time('When it was revoked.').optional(),
};

/** An API key as it is shown: never the secret. */
export const keySchema = z.object(keyFields).meta({ id: 'ApiKey' });

export type KeyView = z.output<typeof keySchema>;

/** Answer of `POST /api/keys`: the only time the key itself is shown. */
export const createdKeySchema = z
  .object({
    ...keyFields,
    key: z.string().meta({
      description: 'The key itself, for `Authorization: Bearer`. It is shown this once and kept nowhere.',
      example: 'dk_3f9c0b1de27a4485_hV2m3b0t1Jc7pYb0n6kQm9s4d8w5x2z1a0e3g6i9k2o',
    }),
  })
  .meta({ id: 'CreatedApiKey' });

export type CreatedKey = z.output<typeof createdKeySchema>;

/** Query of `GET /api/keys`. */
export const listKeysSchema = z.strictObject({
  ...cursorParameters,
  state: z.enum(KEY_STATES).optional().meta({ description: 'Only keys in this state.', example: 'active' }),
});

export type ListKeysQuery = z.output<typeof listKeysSchema>;

/** Answer of `GET /api/keys`: the newest first. */
export const keyPageSchema = pageOf(keySchema).meta({ id: 'ApiKeyPage' });

/** Id of a key. */
export const keyIdSchema = z.string().regex(/^[0-9a-f]{16}$/, 'is no id of a key');

/** Path parameters of one key. */
export const keyParametersSchema = z.strictObject({ id: keyIdSchema });

export type KeyParameters = z.output<typeof keyParametersSchema>;
