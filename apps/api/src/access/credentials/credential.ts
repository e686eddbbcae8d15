import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a credential is for: an API key, a session, a one-time link to sign in. */
export type CredentialKind = 'dk' | 'ds' | 'dl';

/** The two parts of a credential: one finds its row, the other proves that the caller has it. */
export interface Credential {
  readonly id: string;
  readonly secret: string;
}

const ID_BYTES = 8;
const SECRET_BYTES = 32;
const FORM = /^(dk|ds|dl)_([0-9a-f]{16})_([\w-]{43})$/;

/** A new credential; its text is `<kind>_<id>_<secret>`. */
export function newCredential(kind: CredentialKind): Credential & { text: string } {
  const id = randomBytes(ID_BYTES).toString('hex');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { id, secret, text: `${kind}_${id}_${secret}` };
}

/** The parts of a credential's text; `undefined` for a text that is none of this kind. */
export function parseCredential(kind: CredentialKind, text: string): Credential | undefined {
  const [, found, id, secret] = FORM.exec(text) ?? [];
  return found === kind && id && secret ? { id, secret } : undefined;
}

/**
 * What is kept of a secret. One SHA-256 is enough: the secrets are 256 random bits, which nobody guesses however
 * fast the hash is; slow hashes are for passwords, and would cost every request its time.
 */
export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Whether this is the secret that `hash` was made of; takes the same time whatever differs. */
export function isSecretOf(secret: string, hash: Uint8Array): boolean {
  const found = hashOf(secret);
  return found.length === hash.length && timingSafeEqual(found, hash);
}
