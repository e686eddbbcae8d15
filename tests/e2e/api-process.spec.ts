import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { TEST_ADMIN_KEY } from '../support/access.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';

const MAIN = 'dist/apps/api/src/main.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.remove());

/** The API as a process of its own. */
class ApiProcess {
  output = '';
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: string | null }>;

  constructor(env: Record<string, string>) {
    this.child = spawn(process.execPath, [MAIN], {
      env: {
        PATH: process.env['PATH'],
        REDIS_URL: testRedisUrl(),
        QUEUE_PREFIX: `api-${randomUUID()}`,
        PORT: '0',
        DROVER_ADMIN_KEY: TEST_ADMIN_KEY,
        ...database.settings,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const streams = [this.child.stdout!, this.child.stderr!];
    for (const stream of streams) stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    // Not 'close': Node never says it of a child we disconnected from.
    const ends = [once(this.child, 'exit'), ...streams.map((stream) => once(stream, 'end'))];
    this.ended = Promise.all(ends).then(([exit]) => ({ code: exit?.[0], signal: exit?.[1] }));
  }

  get lines(): string[] {
    return this.output.trim().split('\n');
  }

  async url(): Promise<string> {
    const [, url] = await waitFor(() => /listening on (http:\/\/\S+)/.exec(this.output), {
      what: 'the API listening',
    });
    return url ?? '';
  }
}

const running: ApiProcess[] = [];

function start(env: Record<string, string> = {}): ApiProcess {
  const api = new ApiProcess(env);
  running.push(api);
  return api;
}

afterEach(() => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL');
});

describe('the API process', () => {
  it('listens on loopback, says so in one line, and answers', async () => {
    const api = start();
    const url = await api.url();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(api.lines).toHaveLength(1);
    expect((await fetch(`${url}/api/health`)).status).toBe(200);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends in order on %s', async (signal) => {
    const api = start();
    await api.url();
    api.child.kill(signal);
    api.child.kill(signal);
    expect(await api.ended).toEqual({ code: 0, signal: null });
  });

  it('ends in order when the process that started it is gone', async () => {
    const api = start();
    await api.url();
    api.child.disconnect();
    expect(await api.ended).toEqual({ code: 0, signal: null });
  });

  it('ends in order even when Redis never came', async () => {
    const api = start({ REDIS_URL: 'redis://127.0.0.1:1', SHUTDOWN_SECONDS: '5' });
    await api.url();
    api.child.kill('SIGTERM');
    expect(await api.ended).toEqual({ code: 0, signal: null });
  });

  it('names every setting that is wrong, one a line, and ends with code 1', async () => {
    const api = start({ PORT: 'web', JOB_TTL_SECONDS: '-1' });
    expect(await api.ended).toMatchObject({ code: 1 });
    expect(api.lines).toHaveLength(2);
    expect(api.output).toMatch(/PORT/);
    expect(api.output).toMatch(/JOB_TTL_SECONDS/);
  });

  it('says in one line that its port is in use, and ends with code 1', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    try {
      const api = start({ PORT: String(port) });
      expect(await api.ended).toMatchObject({ code: 1 });
      expect(api.lines).toEqual([
        `[api] cannot listen: port ${port} on 127.0.0.1 is in use: set PORT to a free one`,
      ]);
    } finally {
      blocker.close();
    }
  });

  it('says in one line that its address is not of this machine, and ends with code 1', async () => {
    const api = start({ HOST: '192.0.2.1' });
    expect(await api.ended).toMatchObject({ code: 1 });
    expect(api.lines).toHaveLength(1);
    expect(api.output).toContain('192.0.2.1');
  });

  it('without any key prints a link that signs in once, after the line that says where it listens', async () => {
    const own = await createTestDatabase();
    const api = start({ ...own.settings, DROVER_ADMIN_KEY: '' });
    const url = await api.url();
    const [, link] = await waitFor(() => /sign in, once and within 15 minutes: (\S+)/.exec(api.output), {
      what: 'a link',
    });
    expect(link).toMatch(new RegExp(`^${url}/sign-in\\?token=dl_`));
    const open = () => fetch(link!, { redirect: 'manual' });
    const [first, second] = [await open(), await open()];
    expect([first.status, second.status]).toEqual([303, 401]);
    const cookie = first.headers.get('set-cookie')!.split(';')[0]!;
    const session = await fetch(`${url}/api/session`, { headers: { cookie } });
    expect(await session.json()).toMatchObject({ name: 'local', role: 'admin' });
    expect((await fetch(`${url}/api/jobs`)).status).toBe(401);
    // Without a working key in the environment there is none that works.
    expect((await fetch(`${url}/api/jobs`, { headers: { authorization: 'Bearer ' } })).status).toBe(401);
    api.child.kill();
    await api.ended;
    await own.remove();
  });

  it('without any key does not listen where others could reach it, and says what to set', async () => {
    const own = await createTestDatabase();
    const api = start({ ...own.settings, DROVER_ADMIN_KEY: '', HOST: '0.0.0.0' });
    expect(await api.ended).toMatchObject({ code: 1 });
    expect(api.lines).toEqual([
      expect.stringMatching(/HOST: will not listen on 0\.0\.0\.0 .* set DROVER_ADMIN_KEY/),
    ]);
    const withKey = start({ ...own.settings, HOST: '0.0.0.0' });
    await withKey.url();
    withKey.child.kill();
    await withKey.ended;
    await own.remove();
  });

  it('refuses a DROVER_ADMIN_KEY that is too short, without showing it', async () => {
    const api = start({ DROVER_ADMIN_KEY: 'short-secret' });
    expect(await api.ended).toMatchObject({ code: 1 });
    expect(api.output).toMatch(/DROVER_ADMIN_KEY: must be 20 to 200/);
    expect(api.output).not.toContain('short-secret');
  });
});
