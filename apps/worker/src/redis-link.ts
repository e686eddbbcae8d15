import { Inject, Injectable, Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { FatalErrors } from './fatal-errors.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';

const RETRY_MS = 100;
/** What a Redis has lost is to be said again before much is claimed without it. */
const MAX_RETRY_MS = 1000;
const ANSWERS_WITHIN_MS = 1000;
/** Answers of Redis that no waiting mends: they mean that REDIS_URL is wrong. */
const WRONG_URL = /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid password|ERR DB index)/;

/**
 * The worker's own connection to Redis, beside those of BullMQ. It is also what the worker knows
 * about Redis being there: an outage is logged here, once, and nowhere else.
 */
@Injectable()
export class RedisLink {
  readonly client: Redis;
  private readonly logger = new Logger('Redis');
  private readonly address: string;
  private wasUp = false;
  private outageLogged = false;

  constructor(
    @Inject(WORKER_IDENTITY) { settings }: WorkerIdentity,
    private readonly fatal: FatalErrors,
  ) {
    this.address = withoutPassword(settings.REDIS_URL);
    this.client = new Redis(settings.REDIS_URL, {
      lazyConnect: true,
      maxRetriesPerRequest: null,
      retryStrategy: (times) => Math.min(times * RETRY_MS, MAX_RETRY_MS),
    });
    this.client.on('error', (error) => this.onError(error));
    this.client.on('ready', () => this.onReady());
  }

  /** Starts connecting and goes on trying for as long as it takes. */
  connect(): void {
    // The same error comes as an event, which says it.
    this.client.connect().catch(() => undefined);
  }

  get isUp(): boolean {
    return this.client.status === 'ready';
  }

  /** What `ask` gives; `undefined` when Redis is away, refuses, or does not answer within a second. */
  async soon<T>(ask: () => Promise<T>): Promise<T | undefined> {
    if (!this.isUp) return undefined;
    const late = new Promise<undefined>((resolve) =>
      setTimeout(resolve, ANSWERS_WITHIN_MS, undefined).unref(),
    );
    return Promise.race([ask().catch(() => undefined), late]);
  }

  /** Whether Redis answers within a second. */
  async answers(): Promise<boolean> {
    return (await this.soon(() => this.client.ping())) !== undefined;
  }

  /** A connection of its own with the same options, for subscribing. */
  duplicate(): Redis {
    // Its errors are the same outage seen twice.
    return this.client.duplicate({ lazyConnect: false }).on('error', () => undefined);
  }

  close(): void {
    this.client.disconnect();
  }

  private onError(error: Error): void {
    if (!this.wasUp && WRONG_URL.test(error.message)) {
      this.fatal.report(`Redis at ${this.address} refuses us: ${error.message} (check REDIS_URL)`);
    } else if (!this.outageLogged) {
      this.outageLogged = true;
      this.logger.warn(`Redis is unreachable at ${this.address} (${reasonOf(error)}); waiting for it`);
    }
  }

  private onReady(): void {
    if (this.outageLogged) this.logger.log(`Redis is reachable again at ${this.address}`);
    this.outageLogged = false;
    this.wasUp = true;
  }
}

function reasonOf(error: Error & { code?: string }): string {
  return error.code ?? error.message;
}

function withoutPassword(url: string): string {
  const parsed = new URL(url);
  if (parsed.password) parsed.password = '***';
  return parsed.toString();
}
