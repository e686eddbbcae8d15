import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Cluster } from 'ioredis';
import { loadSettings, problemSchema, type JobView } from '#libs/contracts';
import { QueueService } from '#libs/queue';
// The system under test: an application is no library that could be imported by name.
// eslint-disable-next-line no-restricted-imports
import type { Caller } from '../../apps/api/src/access/caller.js';
// eslint-disable-next-line no-restricted-imports
import { createApi } from '../../apps/api/src/server.js';
import { TEST_ACCESS, TEST_ADMIN_KEY, withKey } from '../support/access.js';
import type { Cookie } from '../support/browser.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { testRedisUrl } from '../support/redis.js';

/** One answer of the API. `body` is the parsed JSON, a text that is no JSON, or `undefined` when there is none. */
export interface Answer {
  status: number;
  headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test knows what it asked for
  body: any;
}

/** ARGV: the pattern of keys. */
const DELETE_ALL = `for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('UNLINK', key) end`;

const SILENT = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** An API of its own for a spec: the real application on a free port, with a key prefix nobody else has. */
export class TestApi {
  /** Keys made by {@link as}, by name. */
  private readonly keys = new Map<string, string>();

  private constructor(
    readonly app: NestExpressApplication,
    readonly url: string,
    readonly prefix: string,
    private readonly database: TestDatabase | undefined,
    /** What it was started with: give it to another one for the same database. */
    readonly settings: Record<string, string>,
    private readonly key: string = TEST_ADMIN_KEY,
  ) {}

  static async start(
    options: {
      redisUrl?: string;
      deadlines?: { requestMs: number; probeMs: number };
      settings?: Record<string, string>;
      /** Default: one of its own. It is removed when the API is closed. */
      database?: TestDatabase;
    } = {},
  ) {
    const prefix = `api-${randomUUID()}`;
    // A folder of its own has a database in it.
    const isGiven = options.settings?.['DATA_DIR'] !== undefined;
    const database = options.database ?? (isGiven ? undefined : await createTestDatabase());
    const given = {
      ...database?.settings,
      ...TEST_ACCESS,
      REDIS_URL: options.redisUrl ?? testRedisUrl(),
      QUEUE_PREFIX: prefix,
      ...options.settings,
    };
    const settings = loadSettings(given);
    const app = await createApi(settings, { deadlines: options.deadlines, queueLogger: SILENT });
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    return new TestApi(app, `http://127.0.0.1:${port}`, prefix, database, given);
  }

  get(path: string): Promise<Answer> {
    return this.send(path, {});
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.postRaw(path, JSON.stringify(body));
  }

  /** The same API as the holder of a key sees it: by default an operator limited to own jobs. */
  async as({ name, role = 'operator', isLimitedToOwn = true }: Partial<Caller> & Pick<Caller, 'name'>) {
    let key = this.keys.get(name);
    if (key === undefined) {
      const answer = await this.post('/api/keys', { name, role, ownJobsOnly: isLimitedToOwn });
      expect(answer).toMatchObject({ status: 201 });
      key = answer.body.key as string;
      this.keys.set(name, key);
    }
    return new TestApi(this.app, this.url, this.prefix, this.database, this.settings, key);
  }

  /** Forgets all jobs, types and settings of all queues, as if the API had just been started. */
  async clear(): Promise<void> {
    const client = await this.app.get(QueueService).backend.client();
    if (client instanceof Cluster) throw new Error('the tests of the API run on a single Redis');
    // In one step: what the running API reads of a half deleted queue it may write to another key.
    await client.eval(DELETE_ALL, 0, `${this.prefix}:*`);
  }

  patch(path: string, body: unknown): Promise<Answer> {
    return this.send(path, {
      method: 'PATCH',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.send(path, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  delete(path: string): Promise<Answer> {
    return this.send(path, { method: 'DELETE' });
  }

  postRaw(path: string, body: string | Uint8Array, contentType = 'application/json'): Promise<Answer> {
    return this.send(path, {
      method: 'POST',
      headers: { 'Content-Type': contentType },
      body: body as RequestInit['body'],
    });
  }

  async create(body: object = {}): Promise<JobView> {
    const answer = await this.post('/api/jobs', { type: 'test.job', ...body });
    expect(answer).toMatchObject({ status: 201 });
    return answer.body as JobView;
  }

  act(id: string, action: string): Promise<Answer> {
    return this.post(`/api/jobs/${encodeURIComponent(id)}/action`, { action });
  }

  async send(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(this.url + path, withKey(init, this.key));
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text || undefined,
    };
  }

  /** Signs a browser in. @returns its cookie. */
  async signIn(key: string = TEST_ADMIN_KEY): Promise<Cookie> {
    const { status, headers } = await this.post('/api/session', { key });
    expect(status).toBe(200);
    const [, name = '', value = ''] = /^([^=]+)=([^;]+)/.exec(headers.get('set-cookie') ?? '') ?? [];
    return { name, value, url: this.url };
  }

  /** Ends it, and starts another one on the same data. */
  async restart(settings: Record<string, string> = {}): Promise<TestApi> {
    await this.app.close();
    return TestApi.start({ database: this.database, settings: { ...this.settings, ...settings } });
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.database?.remove();
  }
}

/** Checks that an answer is a problem document of this kind, in the published form. */
export function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer).toMatchObject({ status, body: { status, code } });
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'));
  expect(problemSchema.parse(answer.body)).toEqual(answer.body);
}
