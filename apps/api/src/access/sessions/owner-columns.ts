import type { Owner } from '../caller.js';

interface OwnerColumns {
  keyId: string | null;
  adminHash: Buffer | null;
}

/** How an owner is kept. */
export function toColumns(owner: Owner): OwnerColumns {
  return {
    keyId: owner.kind === 'key' ? owner.keyId : null,
    adminHash: owner.kind === 'admin' ? owner.hash : null,
  };
}

export function toOwner({ keyId, adminHash }: OwnerColumns): Owner {
  if (keyId !== null) return { kind: 'key', keyId };
  return adminHash === null ? { kind: 'local' } : { kind: 'admin', hash: adminHash };
}
