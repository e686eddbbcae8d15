import { InvalidRequestError } from '../problems/api-errors.js';

/** What `Idempotency-Key` may hold: what a header may hold without quoting. */
const KEY = /^[\x21-\x7e]{1,200}$/;

/** @throws {InvalidRequestError} for a key that is none; no key at all is right. */
export function assertIdempotencyKey(key: string | undefined): void {
  if (key === undefined || KEY.test(key)) return;
  throw new InvalidRequestError([
    { path: 'Idempotency-Key', message: 'must be 1 to 200 visible ASCII characters' },
  ]);
}
