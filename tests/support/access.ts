/** Key of the role admin, of every API that tests start. */
export const TEST_ADMIN_KEY = 'test-admin-key-of-no-other-use';

/** Settings of an API that is called with {@link TEST_ADMIN_KEY}, as often as a test likes. */
export const TEST_ACCESS = { DROVER_ADMIN_KEY: TEST_ADMIN_KEY, RATE_LIMIT_PER_MINUTE: '0' };

/** The header that a key travels in. */
export const bearer = (key: string = TEST_ADMIN_KEY) => ({ Authorization: `Bearer ${key}` });

/** A request with a key, by default the admin's, unless it brings another one, or `Authorization: none`. */
export function withKey(init: RequestInit = {}, key: string = TEST_ADMIN_KEY): RequestInit {
  const headers = new Headers(init.headers);
  if (!headers.has('authorization')) headers.set('Authorization', bearer(key).Authorization);
  else if (headers.get('authorization') === 'none') headers.delete('authorization');
  return { ...init, headers };
}

/** Fetches with the admin key. */
export const fetchWithKey = (url: string | URL, init?: RequestInit) => fetch(url, withKey(init));
