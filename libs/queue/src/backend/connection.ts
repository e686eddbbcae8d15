import { EventEmitter } from 'node:events';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { ConnectionOptions } from 'bullmq';
import { RedisTooOldError } from '../errors/index.js';
import type { RedisClient } from './scripts.js';

const MINIMUM_REDIS = '7.0.0';
/** How long Redis may take to answer QUIT. */
const QUIT_MS = 1000;

type OwnOptions = RedisOptions & { url?: string };

function isClient(connection: unknown): connection is RedisClient {
  return typeof (connection as RedisClient | undefined)?.defineCommand === 'function';
}

/** Commands wait while Redis is away and go on after it is back; it is tried at least every two seconds. */
const patient: RedisOptions = {
  maxRetriesPerRequest: null,
  enableOfflineQueue: true,
  retryStrategy: (times: number) => Math.min(times * 100, 2000),
};

/**
 * A client for `connection` (an ioredis client is duplicated, options or a URL make a new one).
 *
 * @param name shown in Redis' client list.
 */
export function openClient(connection: ConnectionOptions | string | undefined, name?: string): RedisClient {
  const named = name ? { connectionName: name } : {};
  if (isClient(connection)) {
    if (connection instanceof Cluster)
      return connection.duplicate([], { redisOptions: { ...patient, ...named } });
    return (connection as Redis).duplicate({ ...patient, ...named });
  }
  if (typeof connection === 'string') return new Redis(connection, { ...patient, ...named });
  const { url, ...options } = (connection ?? {}) as OwnOptions;
  const all = { ...patient, ...options, maxRetriesPerRequest: null, ...named };
  return url ? new Redis(url, all) : new Redis(all);
}

function isOlder(version: string, minimum: string): boolean {
  const [a, b] = [version, minimum].map((text) => text.split('.').map(Number));
  for (let at = 0; at < 3; at++) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Fails the commands that have no answer yet. */
function failWaiting(client: RedisClient): void {
  const { flushQueue } = client as unknown as { flushQueue?: (error: Error) => void };
  flushQueue?.call(client, new Error('Connection is closed.'));
}

/**
 * Ends a client whatever state it is in. Between two attempts to connect, ioredis neither says that it
 * ended nor rejects the commands that wait, so that is done here.
 */
export function endClient(client: RedisClient): void {
  client.disconnect();
  failWaiting(client);
}

/** Every queue listens to a client that it shares: Node must not take that for a leak. */
function expectListeners(client: RedisClient, more: 1 | -1): void {
  const most = client.getMaxListeners();
  if (most !== 0) client.setMaxListeners(most + more);
}

/**
 * One connection to Redis with its lifecycle: ready once connected and the server is new enough.
 * Emits `ready`, `error` and `close`. A client that the caller handed in is used but never closed.
 */
export class Connection extends EventEmitter {
  readonly client: RedisClient;
  private readonly ready: Promise<void>;
  private ended = false;
  private watch: NodeJS.Timeout | undefined;

  constructor(
    connection: ConnectionOptions | string | undefined,
    private readonly options: { shared?: boolean; name?: string; asksVersion?: boolean } = {},
  ) {
    super();
    const shared = options.shared === true && isClient(connection);
    this.options = { ...options, shared };
    this.client = shared ? (connection as RedisClient) : openClient(connection, options.name);
    if (shared) expectListeners(this.client, 1);
    this.client.on('error', this.onError);
    this.client.on('ready', this.onReady);
    this.client.on('close', this.onClose);
    this.ready = this.becomeReady();
    this.ready.catch(() => undefined);
  }

  /** Resolves once commands can run. Rejects with {@link RedisTooOldError}, or when closed before. */
  waitUntilReady(): Promise<void> {
    return this.ready;
  }

  /**
   * From now on commands fail that Redis leaves without an answer for `ms` or a little longer. For an owner that
   * is about to close and waits for them. A client that the caller handed in is left alone.
   */
  limitWaiting(ms: number): void {
    if (this.options.shared || this.ended || this.watch) return;
    let answered = true;
    const ask = () => {
      if (!answered) {
        // Late answers must not meet a queue without their commands.
        if (this.client.status === 'ready') this.client.disconnect(true);
        failWaiting(this.client);
        return;
      }
      answered = false;
      const onAnswer = () => void (answered = true);
      this.client.ping().then(onAnswer, onAnswer);
    };
    this.watch = setInterval(ask, ms);
    ask();
  }

  /** The client until it is let go of; rejects afterwards. */
  use(): Promise<RedisClient> {
    if (this.ended) return Promise.reject(new Error('Connection is closed.'));
    return Promise.resolve(this.client);
  }

  /** Lets go of the connection; with `force` without waiting for replies. */
  async close(force = false): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    clearInterval(this.watch);
    this.client.off('ready', this.onReady);
    this.client.off('close', this.onClose);
    if (this.options.shared) {
      this.client.off('error', this.onError);
      expectListeners(this.client, -1);
      return;
    }
    if (force || this.client.status !== 'ready') {
      endClient(this.client);
    } else {
      await this.quit();
    }
  }

  /**
   * Ends the command that blocks, also one that waits for a Redis that is away, and the connection until
   * {@link reconnect}. Resolves once it has ended: before that it could not be opened again.
   */
  async interrupt(): Promise<void> {
    const { client } = this;
    const { status } = client;
    let timer: NodeJS.Timeout | undefined;
    const ended = new Promise<void>((resolve) => {
      client.once('end', resolve);
      timer = setTimeout(resolve, QUIT_MS);
    });
    client.disconnect();
    if (status !== 'ready') failWaiting(client);
    // Between two attempts to connect, ioredis does not say that it ended.
    if (['ready', 'connect', 'connecting'].includes(status)) await ended;
    clearTimeout(timer);
  }

  /** Opens the connection again after {@link interrupt}; does nothing while it is open or being opened. */
  async reconnect(): Promise<void> {
    // A Cluster may say `close` once more after its `end`.
    const { status } = this.client;
    if (!['connecting', 'connect', 'ready'].includes(status)) await this.client.connect();
  }

  /** Ends the connection at once. A client that the caller handed in is left alone. */
  disconnect(): void {
    if (!this.options.shared) this.client.disconnect();
  }

  /** A connection that was lost unnoticed never answers QUIT: then it is ended all the same. */
  private async quit(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const lost = new Promise<void>((resolve) => {
      this.client.once('close', () => resolve());
      timer = setTimeout(resolve, QUIT_MS);
    });
    await Promise.race([this.client.quit().catch(() => undefined), lost]);
    clearTimeout(timer);
    if (this.client.status !== 'end') endClient(this.client);
  }

  private readonly onError = (error: Error) => {
    if (!this.ended && this.listenerCount('error') > 0) this.emit('error', error);
  };
  private readonly onReady = () => this.emit('ready');
  private readonly onClose = () => this.emit('close');

  private async becomeReady(): Promise<void> {
    if (this.client.status !== 'ready') await this.connected();
    if (this.options.asksVersion === false) return;
    const client = this.client instanceof Cluster ? this.client.nodes('master')[0] : this.client;
    const info = (await client?.info('server')) ?? '';
    const version = /redis_version:(\S+)/.exec(info)?.[1] ?? MINIMUM_REDIS;
    if (isOlder(version, MINIMUM_REDIS)) {
      const error = new RedisTooOldError(version, MINIMUM_REDIS);
      this.onError(error);
      throw error;
    }
  }

  private connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => () => {
        this.client.off('ready', onReady);
        this.client.off('end', onEnd);
        act();
      };
      const onReady = settle(resolve);
      const onEnd = settle(() => reject(new Error('Connection is closed.')));
      this.client.on('ready', onReady);
      this.client.on('end', onEnd);
    });
  }
}
