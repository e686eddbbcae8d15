import type { KeyState, KeyView } from '#libs/contracts';
import type { ApiKey } from './api-key.entity.js';

/** What a key is now. */
export function stateOf({ revokedAt, expiresAt }: ApiKey, now = Date.now()): KeyState {
  if (revokedAt) return 'revoked';
  return expiresAt && expiresAt.getTime() <= now ? 'expired' : 'active';
}

/** A key as it is shown. */
export function keyView(key: ApiKey): KeyView {
  const { id, name, role, ownJobsOnly, createdBy, createdAt, expiresAt, lastUsedAt, revokedAt } = key;
  return {
    id,
    name,
    role,
    ownJobsOnly,
    state: stateOf(key),
    createdAt: createdAt.toISOString(),
    createdBy,
    ...(expiresAt && { expiresAt: expiresAt.toISOString() }),
    ...(lastUsedAt && { lastUsedAt: lastUsedAt.toISOString() }),
    ...(revokedAt && { revokedAt: revokedAt.toISOString() }),
  };
}
