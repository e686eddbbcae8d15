import { z } from 'zod';
import { ROLES } from '../roles.js';

/** Longest credential that is looked at, in characters. */
export const MOST_CREDENTIAL_LENGTH = 256;

/** Body of `POST /api/session`. */
export const createSessionSchema = z
  .strictObject({
    key: z
      .string()
      .min(1, 'must not be empty')
      .max(MOST_CREDENTIAL_LENGTH, `must be at most ${MOST_CREDENTIAL_LENGTH} characters long`)
      .meta({
        description: 'An API key.',
        example: 'dk_3f9c0b1de27a4485_hV2m3b0t1Jc7pYb0n6kQm9s4d8w5x2z1a0e3g6i9k2o',
      }),
  })
  .meta({ id: 'CreateSessionRequest' });

export type CreateSessionRequest = z.output<typeof createSessionSchema>;

/** Who calls, as `GET /api/session` and `POST /api/session` answer. */
export const sessionSchema = z
  .object({
    name: z.string().meta({ description: 'Name of the key.', example: 'ci' }),
    role: z.enum(ROLES).meta({ example: 'operator' }),
    ownJobsOnly: z.boolean().meta({ example: false }),
    via: z.enum(['key', 'session']).meta({ description: 'How the caller was known.', example: 'session' }),
    expiresAt: z.iso.datetime().optional().meta({
      description: 'When the session ends at the latest: by itself, or with its key.',
      example: '2026-11-29T21:40:00.000Z',
    }),
  })
  .meta({ id: 'Session' });

export type SessionView = z.output<typeof sessionSchema>;

/** Answer of `POST /api/session/links`. */
export const signInLinkSchema = z
  .object({
    url: z.string().meta({
      description: 'Opens the pages of this server, signed in as the caller who asked. Works once.',
      example:
        'http://127.0.0.1:3000/sign-in?token=dl_3f9c0b1de27a4485_hV2m3b0t1Jc7pYb0n6kQm9s4d8w5x2z1a0e3g6i9k2o',
    }),
    expiresAt: z.iso.datetime().meta({ example: '2026-11-22T21:55:00.000Z' }),
  })
  .meta({ id: 'SignInLink' });

export type SignInLinkView = z.output<typeof signInLinkSchema>;
