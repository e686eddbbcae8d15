import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '#libs/contracts';
import { readBrowserSettings, readEmailSendSettings, readHttpRequestSettings } from '#libs/jobs';
import { bearer, TEST_ADMIN_KEY } from '../support/access.js';
import { Command, processesWith } from '../support/command.js';
import { freePort, startRedis } from '../support/redis.js';
import { waitFor } from '../support/wait.js';

const UP = /Try it:\n\s+(curl .*)\n/;
const BUILD_AND_START_MS = 180_000;

let dataDir: string;
let settings: Record<string, string>;
const running: Command[] = [];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'drover-start-'));
  settings = {
    HOST: '127.0.0.1',
    PORT: String(await freePort()),
    WORKER_PORT: String(await freePort()),
    DATA_DIR: dataDir,
  };
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((command) => command.cleanUp()));
  await waitFor(() => ours().length === 0, { timeoutMs: 40_000, what: 'no process left in the data folder' });
  rmSync(dataDir, { recursive: true, force: true });
});

/** Every process of this test has the name of its data folder in its environment. */
const ours = () => processesWith(dataDir);

function command(line: readonly [string, ...string[]], more: Record<string, string> = {}): Command {
  const started = new Command(line, { ...settings, ...more });
  running.push(started);
  return started;
}

const script = (name: string, more?: Record<string, string>) =>
  command([process.execPath, join(process.cwd(), 'scripts', `${name}.mjs`)], more);

const start = (more?: Record<string, string>) => script('start', more);

const api = (path: string) => `http://127.0.0.1:${settings['PORT']}/api${path}`;

/** The key that `npm start` keeps, as the line it prints reads it. */
const key = () => readFileSync(join(dataDir, 'admin-key'), 'utf8').trim();

async function addJob(body: Record<string, unknown>): Promise<string> {
  const response = await fetch(api('/jobs'), {
    method: 'POST',
    headers: { ...bearer(key()), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

async function statusOf(id: string): Promise<string> {
  const response = await fetch(api(`/jobs/${id}`), { headers: bearer(key()) });
  return ((await response.json()) as { status: string }).status;
}

const reaches = (id: string, status: string) =>
  waitFor(async () => (await statusOf(id)) === status, { what: `job ${id} ${status}` });

/** What a line prints that is typed into a shell, in the project's folder. */
const shell = (line: string, env: Record<string, string> = {}) =>
  execFileSync('bash', ['-c', line], { encoding: 'utf8', env: { PATH: process.env['PATH'], ...env } });

/** The commands of "A first job" in the README, for the address and the folder of this test. */
function readmeExample(): string {
  const text = readFileSync('README.md', 'utf8');
  const [, commands = ''] = /^## A first job$[^]*?```sh\n([^]*?)```/m.exec(text) ?? [];
  return commands
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${settings['PORT']}`)
    .replaceAll('.data/', `${dataDir}/`);
}

/** It says one line, about this, and ends with an exit code that is not 0. */
async function expectOneLine(started: Command, line: RegExp): Promise<void> {
  const { code } = await started.exited;
  expect(started.lines).toEqual([expect.stringMatching(line)]);
  expect(code).toBe(1);
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

describe('npm start refuses with one line', () => {
  it.each(['PORT', 'WORKER_PORT'])('when %s is in use', async (name) => {
    const port = settings[name];
    const server = await listen(Number(port));
    await expectOneLine(start(), new RegExp(`port ${port} is in use: set ${name} `));
    server.close();
  });

  it('when both ports are the same', async () => {
    const port = settings['PORT']!;
    await expectOneLine(start({ WORKER_PORT: port }), /PORT and WORKER_PORT are both/);
  });

  it('when nothing listens at REDIS_URL', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    await expectOneLine(
      start({ REDIS_URL: url }),
      new RegExp(`REDIS_URL: cannot use ${url}: nothing listens there`),
    );
  });

  it('when REDIS_URL is no Redis address', async () => {
    await expectOneLine(start({ REDIS_URL: 'http://localhost' }), /REDIS_URL: must start with redis:/);
  });

  it('when the Redis at REDIS_URL refuses the password, without showing it', async () => {
    const redis = await startRedis({ persistent: false, args: ['--requirepass', 'right'] });
    const url = redis.url.replace('//', '//:wrong@');
    await expectOneLine(
      start({ REDIS_URL: url }),
      /REDIS_URL: cannot use redis:\/\/:\*\*\*@.*refused the user name/,
    );
    await redis.remove();
  });

  it('when the Redis at REDIS_URL is too old', async () => {
    const server = await oldRedis();
    const { port } = server.address() as { port: number };
    const line = /REDIS_URL: .* is Redis 6\.2\.14, but 7\.0 or newer is needed/;
    await expectOneLine(start({ REDIS_URL: `redis://127.0.0.1:${port}` }), line);
    server.close();
  });

  it('when a setting is wrong, naming it', async () => {
    await expectOneLine(start({ PORT: 'many' }), /PORT: .*"many"/);
    const other = start({ WORKER_CONCURRENCY: '0' });
    const { code } = await other.exited;
    expect(other.lines.at(-1)).toMatch(/WORKER_CONCURRENCY: .*"0"/);
    expect(code).toBe(1);
  });
});

/** Answers PING and INFO as a Redis 6.2 does. */
async function oldRedis(): Promise<Server> {
  const info = 'redis_version:6.2.14\r\n';
  const server = await listen(0);
  server.on('connection', (socket) => {
    socket.on('data', (data) => {
      socket.write(data.toString().includes('INFO') ? `$${info.length}\r\n${info}\r\n` : '+PONG\r\n');
    });
  });
  return server;
}

describe('npm start', () => {
  it(
    'runs jobs, ends on Ctrl-C without a process left, and has the jobs again at the next start',
    async () => {
      const first = start();
      await first.prints(UP, BUILD_AND_START_MS);
      const done = await addJob({ type: 'example.echo', payload: { hello: 'world' } });
      await reaches(done, 'completed');
      const later = await addJob({ type: 'example.echo', payload: {}, delay: 3_600_000 });
      first.signal('SIGINT');
      expect(await first.exited).toEqual({ code: 0, signal: null });
      expect(first.lines.at(-1)).toBe('Stopped.');
      expect(ours()).toEqual([]);

      const second = start();
      await second.prints(UP);
      // What the first start did is not done again.
      expect(second.lines.filter((line) => /^(Installing|Building)/.test(line))).toEqual([]);
      expect(await statusOf(done)).toBe('completed');
      expect(await statusOf(later)).toBe('pending');
    },
    BUILD_AND_START_MS + 60_000,
  );

  it('prints a link that signs in and a curl line that works as it stands, and so do those of the README', async () => {
    const started = start();
    const [, line] = await started.prints(UP);
    const made = JSON.parse(shell(line!)) as { id: string; type: string };
    expect(made).toMatchObject({ id: expect.any(String), type: 'example.echo' });
    await reaches(made.id, 'completed');

    const [, link] = await started.prints(/Sign in, once and within 15 minutes:\n\s+(\S+)/);
    const answer = await fetch(link!, { redirect: 'manual' });
    const cookie = answer.headers.get('set-cookie')!.split(';')[0]!;
    const session = await fetch(api('/session'), { headers: { cookie } });
    expect(await session.json()).toMatchObject({ name: 'admin', role: 'admin' });

    expect(statSync(join(dataDir, 'admin-key')).mode & 0o777).toBe(0o600);
    expect(started.output).not.toContain(key());
    const fromReadme = shell(readmeExample());
    expect(fromReadme).toContain('"id":"hello-1"');
    expect(fromReadme).toContain('"id":"slow-1"');
    expect(fromReadme).toContain('"byStatus"');
    expect(fromReadme).not.toContain('urn:drover:problem');
    await reaches('slow-1', 'cancelled');
  }, 120_000);

  it('keeps its key for the next start, and makes another one when others could read it', async () => {
    const first = start();
    await first.prints(UP);
    const made = key();
    first.signal('SIGINT');
    await first.exited;
    const second = start();
    await second.prints(UP);
    expect(key()).toBe(made);
    second.signal('SIGINT');
    await second.exited;
    chmodSync(join(dataDir, 'admin-key'), 0o644);
    await start().prints(UP);
    expect(key()).not.toBe(made);
    expect(statSync(join(dataDir, 'admin-key')).mode & 0o777).toBe(0o600);
  }, 180_000);

  it('tells its worker no key', async () => {
    const started = start({ DROVER_ADMIN_KEY: TEST_ADMIN_KEY });
    await started.prints(UP);
    const main = join('dist', 'apps', 'worker', 'src', 'main.js');
    const [worker] = processesWith(main).filter((pid) => ours().includes(pid));
    expect(readFileSync(`/proc/${worker}/environ`, 'utf8')).not.toContain(TEST_ADMIN_KEY);
    expect(started.output).not.toContain(TEST_ADMIN_KEY);
    const [, line] = await started.prints(UP);
    expect(shell(line!, { DROVER_ADMIN_KEY: TEST_ADMIN_KEY })).toContain('"type":"example.echo"');
  }, 120_000);

  it('does not listen where others could reach it without a key of the user', async () => {
    const started = start({ HOST: '0.0.0.0' });
    expect((await started.exited).code).toBe(1);
    expect(started.output).toMatch(/HOST: will not listen on 0\.0\.0\.0 .* set DROVER_ADMIN_KEY/);
  }, 120_000);

  it('hands the job that runs at Ctrl-C back, and runs it at the next start', async () => {
    const first = start({ SHUTDOWN_SECONDS: '1' });
    await first.prints(UP);
    const id = await addJob({ type: 'example.sleep', payload: {} });
    await reaches(id, 'running');
    first.signal('SIGINT');
    expect((await first.exited).code).toBe(0);

    await start().prints(UP);
    await waitFor(async () => (await statusOf(id)) === 'completed');
  }, 120_000);

  it('leaves no process behind when it is killed with -9, and starts again at once', async () => {
    const first = start();
    await first.prints(UP);
    const id = await addJob({ type: 'example.echo', payload: {}, delay: 3_600_000 });
    expect(ours().length).toBeGreaterThanOrEqual(5); // itself, API, worker, Redis and its guard
    first.signal('SIGKILL');
    await first.exited;
    const second = start(); // while the processes of the first are still ending
    await second.prints(UP);
    expect(await statusOf(id)).toBe('pending');
    second.signal('SIGKILL');
    await waitFor(() => ours().length === 0, { timeoutMs: 40_000, what: 'all processes gone' });
  }, 120_000);

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'ends in order when its npm is ended with %s',
    async (signal) => {
      const npm = command(['npm', 'start']);
      await npm.prints(UP);
      npm.signal(signal);
      await waitFor(() => ours().length === 0, { timeoutMs: 40_000, what: 'all processes gone' });
      await npm.exited;
      expect(npm.lines.at(-1)).toBe('Stopped.');
    },
    120_000,
  );

  it('ends everything, saying why, when one of its programs dies', async () => {
    const started = start();
    await started.prints(UP);
    const main = join('dist', 'apps', 'worker', 'src', 'main.js');
    const [worker] = processesWith(main).filter((pid) => ours().includes(pid));
    process.kill(worker!, 'SIGKILL');
    expect((await started.exited).code).toBe(1);
    expect(started.output).toMatch(/the worker ended unexpectedly \(signal SIGKILL/);
    expect(ours()).toEqual([]);
  }, 120_000);

  it('says that it is running already in the same folder, and lets a worker be added', async () => {
    const first = start();
    await first.prints(UP);
    await expectOneLine(start(), /npm start is already running here at http:/);
    const more = script('start-worker', { WORKER_PORT: '0' });
    const [, health] = await more.prints(/The worker is running on .* health: (\S+)\. Ctrl-C/);
    expect((await fetch(health!)).status).toBe(200);
    more.signal('SIGTERM');
    expect((await more.exited).code).toBe(0);
  }, 120_000);

  it('never starts a Redis of its own when REDIS_URL is set', async () => {
    const redis = await startRedis();
    const started = start({ REDIS_URL: redis.url });
    await started.prints(UP);
    await reaches(await addJob({ type: 'example.echo', payload: {} }), 'completed');
    expect(started.output).toContain(`${redis.url} (from REDIS_URL)`);
    expect(processesWith('redis-guard').filter((pid) => ours().includes(pid))).toEqual([]);
    started.signal('SIGINT');
    await started.exited;
    await redis.remove();
  }, 120_000);
});

it('a worker alone says that it needs a Redis', async () => {
  await expectOneLine(script('start-worker'), /a worker needs a Redis: set REDIS_URL, or run npm start/);
});

it('.env.example has every setting with its default', () => {
  const text = readFileSync(join(process.cwd(), '.env.example'), 'utf8');
  const written = Object.fromEntries(
    [...text.matchAll(/^# ([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
  const settings = {
    ...loadSettings({}),
    ...readHttpRequestSettings({}),
    ...readEmailSendSettings({}),
    ...readBrowserSettings({}),
  };
  // Depends on the user and the system.
  settings.BROWSER_TEMP_DIR = '';
  const defaults = Object.entries(settings).map(([name, value]) => [name, String(value)]);
  // A worker without WORKER_ID makes one up; without a mail server there is no mail, without an API's address no history; a browser is
  // looked for.
  const none = {
    WORKER_ID: '',
    DROVER_ADMIN_KEY: '',
    DROVER_API_URL: '',
    DROVER_API_KEY: '',
    DATABASE_URL: '',
    ARTIFACT_TTL_SECONDS: '',
    HTTP_CA_FILE: '',
    SMTP_URL: '',
    SMTP_FROM: '',
    SMTP_CA_FILE: '',
    BROWSER_PATH: '',
  };
  expect(written).toEqual({ ...none, ...Object.fromEntries(defaults) });
});
