import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataDir } from './paths.mjs';

const FORM = /^[\x21-\x7e]{20,200}$/;

const isLoopback = (host) => /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);

/**
 * The admin key of this start: that of DROVER_ADMIN_KEY; without one, and while only this machine can reach the API, one of
 * our own that is kept in `<data>/admin-key`, readable by this user alone.
 * @returns `key`, undefined when there is none; `shown` stands for it in a command that is typed into a shell; `isOwn`
 */
export function chooseAdminKey(env = process.env) {
  if (env.DROVER_ADMIN_KEY) return { key: env.DROVER_ADMIN_KEY, shown: '$DROVER_ADMIN_KEY', isOwn: false };
  // The API says what is missing.
  if (!isLoopback(env.HOST || '127.0.0.1')) return { shown: '<key>', isOwn: false };
  const file = join(dataDir(env), 'admin-key');
  return { key: readKey(file) ?? makeKey(file), shown: `$(cat ${quoted(file)})`, isOwn: true };
}

/** A key that others could have read, or that is none any more, is replaced. */
function readKey(file) {
  try {
    const isPrivate = process.platform === 'win32' || (statSync(file).mode & 0o077) === 0;
    const key = readFileSync(file, 'utf8').trim();
    return isPrivate && FORM.test(key) ? key : undefined;
  } catch {
    return undefined;
  }
}

function makeKey(file) {
  const key = randomBytes(32).toString('base64url');
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  chmodSync(file, 0o600); // one that was there keeps its mode
  return key;
}

/** A word for a shell, within double quotes and `$()`. */
const quoted = (text) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** A link of the API that signs a browser in once; undefined when the key is the user's own, or there is none. */
export async function signInLink(api, { key, isOwn }) {
  if (!isOwn) return undefined;
  const response = await fetch(`${api}/api/session/links`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(10_000),
  });
  return response.ok ? (await response.json()).url : undefined;
}
