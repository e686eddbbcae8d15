import { bearer } from '../support/access.js';
import { createTestDatabase } from '../support/postgres.js';
import { startRedis } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import { expectProblem, TestApi } from './api-client.js';

const LIMIT = 20;

let api: TestApi;

afterEach(() => api.close());

const createKey = async (name: string) =>
  (await api.post('/api/keys', { name, role: 'viewer' })).body.key as string;
const ask = (key?: string, target = api, path = '/api/session') =>
  target.send(path, { headers: key === undefined ? { Authorization: 'none' } : bearer(key) });

/** Asks until it is refused. @returns how many were answered, and the refusal. */
async function exhaust(key?: string, path?: string) {
  for (let answered = 0; answered <= 2 * LIMIT; answered++) {
    const answer = await ask(key, api, path);
    if (answer.status === 429) return { answered, answer };
  }
  throw new Error('never refused');
}

describe('a key that asks too often', () => {
  beforeEach(async () => {
    api = await TestApi.start({ settings: { RATE_LIMIT_PER_MINUTE: String(LIMIT) } });
  });

  it('is told when to come again, and others are not held up', async () => {
    const [one, two] = [await createKey('one'), await createKey('two')];
    const { answered, answer } = await exhaust(one);
    expect(answered).toBeGreaterThanOrEqual(LIMIT);
    expectProblem(answer, 429, 'TOO_MANY_REQUESTS');
    expect(answer.body.detail).toContain(`"one" has made ${LIMIT} requests within a minute`);
    const wait = Number(answer.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(61);
    expect((await ask(two)).status).toBe(200);
  });

  it('is refused before its role and its body are looked at', async () => {
    const key = await createKey('one');
    await exhaust(key);
    const send = (path: string, body: string) =>
      api.send(path, {
        method: 'POST',
        headers: { ...bearer(key), 'Content-Type': 'application/json' },
        body,
      });
    expectProblem(await send('/api/jobs', '{'), 429, 'TOO_MANY_REQUESTS');
  });

  it('counts together with its sessions', async () => {
    const key = await createKey('one');
    const { name, value } = await api.signIn(key);
    await exhaust(key);
    const answer = await api.send('/api/session', {
      headers: { Authorization: 'none', Cookie: `${name}=${value}` },
    });
    expectProblem(answer, 429, 'TOO_MANY_REQUESTS');
  });
});

it('an address without a key that asks too often is refused, and keys from there are not', async () => {
  api = await TestApi.start({ settings: { RATE_LIMIT_PER_MINUTE: String(LIMIT) } });
  const { answer } = await exhaust(undefined, '/api/health');
  expectProblem(answer, 429, 'TOO_MANY_REQUESTS');
  expect((await api.get('/api/session')).status).toBe(200);
});

it('RATE_LIMIT_PER_MINUTE=0 is no limit', async () => {
  api = await TestApi.start({ settings: { RATE_LIMIT_PER_MINUTE: '0' } });
  for (let n = 0; n < 700; n++) expect((await ask(undefined, api, '/api/health')).status).toBe(200);
});

const thisMinute = () => Math.floor(Date.now() / 60_000);

it('several processes count together', async () => {
  const database = await createTestDatabase();
  const settings = {
    ...database.settings,
    RATE_LIMIT_PER_MINUTE: '40',
    QUEUE_PREFIX: `throttle-${process.pid}-${Date.now()}`,
  };
  api = await TestApi.start({ settings });
  const other = await TestApi.start({ settings });
  try {
    // What was asked in one minute of the clock; the next one begins anew with a part of it.
    let there = 0;
    for (let name = 0, minute = -1; minute !== thisMinute(); name++) {
      minute = thisMinute();
      there = 0;
      const key = await createKey(`ci-${name}`);
      // Fewer than the limit here, so a refusal there comes from both together.
      for (let n = 0; n < 35; n++) await ask(key);
      await waitFor(async () => (await ask(key, other)).status === 429 || void there++, {
        everyMs: 300,
        what: 'the other process refusing',
      });
    }
    expect(there).toBeLessThan(35);
  } finally {
    await other.close();
    await database.remove();
  }
});

it('goes on counting in one process while Redis is away', async () => {
  const redis = await startRedis();
  api = await TestApi.start({ redisUrl: redis.url, settings: { RATE_LIMIT_PER_MINUTE: String(LIMIT) } });
  try {
    const key = await createKey('ci');
    await redis.kill();
    expect((await exhaust(key)).answered).toBeGreaterThanOrEqual(LIMIT);
  } finally {
    await redis.restart();
    await redis.remove();
  }
});
