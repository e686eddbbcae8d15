// Every test run has a Redis of its own, so that no test ever touches a user's data. Specs find it
// with `testRedisUrl()` in redis.ts; the jest workers inherit the variable.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from '../../scripts/lib/chromium.mjs';
import { findPostgres } from '../../scripts/lib/postgres.mjs';
import { isNewEnough, redisServersOnPath } from '../../scripts/lib/redis-finder.mjs';
import { startRedisServer } from '../../scripts/lib/redis-server.mjs';
import { offerPostgres } from './postgres-offer.mjs';

/** The user's own settings (a REDIS_URL!) must not leak into the tests. */
function forgetSettings() {
  const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
  for (const [, name] of example.matchAll(/^# ([A-Z_]+)=/gm)) Reflect.deleteProperty(process.env, name);
}

export default async function globalSetup() {
  const found = redisServersOnPath().find(({ version }) => isNewEnough(version));
  if (!found) throw new Error('the tests need redis-server 7.0 or newer on the PATH: `npm test` installs it');
  forgetSettings();
  const dir = mkdtempSync(join(tmpdir(), 'drover-test-redis-'));
  const server = await startRedisServer({ binary: found.file, dir, persistent: false });
  server.unref();
  process.env.TEST_REDIS_URL = server.url;
  process.env.TEST_REDIS_SERVER = found.file;
  process.env.TEST_CHROMIUM = findChromium() ?? '';
  const postgres = findPostgres();
  const offer = postgres ? await offerPostgres(postgres) : undefined;
  process.env.TEST_POSTGRES_OFFER = offer ? String(offer.port) : '';
  globalThis.droverTestRedis = { server, dir };
  globalThis.droverTestPostgres = offer;
}
