import type { QueueServiceOptions } from '#libs/queue';
import type { RedisDeadlines } from './redis/redis-guard.js';

/** What a program that builds the API may change, besides the settings. */
export interface ApiOptions {
  /** How long requests wait for Redis. Default: 5 s, and 2 s for probes. */
  deadlines?: RedisDeadlines;
  /** Where the queue writes its lines. Default: the console. */
  queueLogger?: QueueServiceOptions['logger'];
}
