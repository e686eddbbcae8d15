/** Where one signs in. */
export const SIGN_IN_PATH = '/sign-in';

/** Where one comes to who does not say where to. */
export const HOME = '/admin/queues';

/** A path of this server to go on to; {@link HOME} for everything else, above all for other servers. */
export function safeNext(next: unknown): string {
  if (typeof next !== 'string' || next.length > 2000) return HOME;
  // One slash, then no second one: `//host` and `/\host` are other servers; no control characters.
  return /^\/(?![/\\])[\x21-\x7e]*$/.test(next) ? next : HOME;
}
