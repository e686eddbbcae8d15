import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from './wait.js';

/** Address of the Redis all specs of this run share: use a key prefix of your own in it. */
export function testRedisUrl(): string {
  const url = process.env['TEST_REDIS_URL'];
  if (!url)
    throw new Error('TEST_REDIS_URL is not set: run the tests with jest, whose global set-up sets it');
  return url;
}

export interface RedisOptions {
  /** Keep data in an append-only file, so that it is still there after `restart()`. Default: true. */
  persistent?: boolean;
  /** More of redis-server's options, for example `['--requirepass', 'secret']`. */
  args?: readonly string[];
}

/** A redis-server that one spec has for itself and may stop, kill and start again. */
export interface OwnRedis {
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  readonly pid: number | undefined;
  /** Ends it in an orderly way; the data stays for `restart()`. */
  stop(): Promise<void>;
  /** kill -9; what was written to the append-only file stays for `restart()`. */
  kill(): Promise<void>;
  /** Stops the process without ending it (SIGSTOP): a Redis that hangs. `resume()` wakes it. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same port with the same directory, ending it first if it runs. */
  restart(): Promise<void>;
  /** Ends it and deletes its data. Call it in `afterAll`/`afterEach`. */
  remove(): Promise<void>;
}

/** Starts a redis-server for one spec on a free loopback port. */
export async function startRedis(options: RedisOptions = {}): Promise<OwnRedis> {
  const redis = new RedisProcess(await freePort(), mkdtempSync(join(tmpdir(), 'drover-own-redis-')), options);
  await redis.restart();
  return redis;
}

/** A port nobody listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

class RedisProcess implements OwnRedis {
  private child: ChildProcess | undefined;
  private exited: Promise<unknown> = Promise.resolve();

  constructor(
    readonly port: number,
    readonly dir: string,
    private readonly options: RedisOptions,
  ) {}

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  stop(): Promise<void> {
    return this.end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  pause(): void {
    this.child?.kill('SIGSTOP');
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  async restart(): Promise<void> {
    await this.stop();
    const appendOnly = this.options.persistent === false ? 'no' : 'yes';
    const args = [
      ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.dir, '--save', ''],
      ['--appendonly', appendOnly, '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'],
      this.options.args ?? [],
    ].flat();
    const child = spawn(process.env['TEST_REDIS_SERVER'] ?? 'redis-server', args, { stdio: 'ignore' });
    const killWithUs = () => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    this.child = child;
    this.exited = new Promise((resolve) => {
      child.once('error', resolve);
      child.once('exit', resolve);
    }).then(() => {
      process.removeListener('exit', killWithUs);
      if (this.child === child) this.child = undefined;
    });
    await this.ready();
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    this.child?.kill('SIGCONT');
    this.child?.kill(signal);
    await this.exited;
  }

  private async ready(): Promise<void> {
    await waitFor(
      () => {
        if (!this.child) throw new Error('redis-server ended');
        return answers(this.port);
      },
      { what: `redis-server answering on port ${this.port}` },
    );
  }
}

/** Whether a Redis with its data loaded answers there (an error other than LOADING is an answer too). */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' }, () => socket.write('PING\r\n'));
    const done = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(1000, () => done(false));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.once('data', (data) => done(!data.toString().startsWith('-LOADING')));
  });
}
