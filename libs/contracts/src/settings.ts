import { z } from 'zod';
import { queueNameSchema } from './queue-name.js';
import { listOf, readSettings, wholeNumber, type Environment } from './read-settings.js';
import { queueRoutesSetting } from './types/queue-routes.js';

const port = z.coerce.number().int().min(0).max(65_535);

const hostName = z
  .string()
  .regex(
    /^([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])$/i,
    'must be host names or addresses without scheme and port, IPv6 in brackets, separated by commas',
  )
  .toLowerCase();

const origin = z
  .string()
  .refine(isOrigin, 'must be origins such as https://example.org, separated by commas');

/** A scheme, a host and nothing else. */
function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

const addressOrBlock = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: 'must be addresses or blocks such as 10.0.0.0/8, separated by commas',
});

const schema = z.object({
  REDIS_URL: z
    .string()
    .regex(/^(rediss?|unix):\/\//, 'must start with redis:// or rediss://')
    .default('redis://127.0.0.1:6379'),
  HOST: z.string().min(1).default('127.0.0.1'),
  ALLOWED_HOSTS: listOf(hostName),
  /** A key with the role admin; shown nowhere. */
  DROVER_ADMIN_KEY: z
    .string()
    .regex(/^[\x21-\x7e]{20,200}$/, 'must be 20 to 200 visible ASCII characters without spaces')
    .optional(),
  /** Of one key, or one address without a key; 0 = no limit. */
  RATE_LIMIT_PER_MINUTE: wholeNumber(0, 100_000_000).default(6000),
  CORS_ORIGINS: listOf(origin),
  TRUSTED_PROXIES: listOf(addressOrBlock),
  AUDIT_RETENTION_DAYS: wholeNumber(0, 3650).default(90),
  PORT: port.default(3000),
  WORKER_PORT: port.default(3001),
  QUEUE_PREFIX: z
    .string()
    .regex(/^([^\s:{}]+|\{[^\s:{}]+\})$/, 'must be one word, or one word in braces for Redis Cluster')
    .default('botrix'),
  QUEUE_NAME: queueNameSchema.default('jobs'),
  MORE_QUEUES: listOf(queueNameSchema),
  QUEUE_ROUTES: queueRoutesSetting,
  QUEUE_DEFAULT_TYPE: z.string().min(1).max(200).default('example.echo'),
  JOB_TTL_SECONDS: wholeNumber(0, 10 * 365 * 86_400).default(3600),
  MAX_DOCUMENT_BYTES: wholeNumber(1024, 64 * 1024 * 1024).default(1024 * 1024),
  LEGACY_LEASE_SECONDS: wholeNumber(1, 7 * 86_400).default(3600),
  RECONCILE_SECONDS: wholeNumber(1, 3600).default(5),
  WORKER_CONCURRENCY: wholeNumber(1, 10_000).default(10),
  WORKER_LEASE_SECONDS: wholeNumber(1, 3600).default(15),
  WORKER_MAX_STALLS: wholeNumber(0, 1000).default(10),
  JOB_TIMEOUT_SECONDS: wholeNumber(1, 7 * 86_400).default(300),
  JOB_GRACE_SECONDS: wholeNumber(0, 3600).default(5),
  NO_HANDLER_SECONDS: wholeNumber(1, 7 * 86_400).default(3600),
  SHUTDOWN_SECONDS: wholeNumber(0, 3600).default(25),
  /** Redis takes no spaces in the name of a connection, and the id is part of one. */
  WORKER_ID: z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 printable ASCII characters without spaces')
    .optional(),
  /** Names of packages, or paths from the working directory. */
  DROVER_PLUGINS: listOf(z.string()),
  /** `all`, `none`, or names; the worker knows which there are. */
  DROVER_BUNDLED_PLUGINS: listOf(z.string()).default(['all']),
  DATA_DIR: z.string().min(1).default('.data'),
  /** Entries kept in each queue's event stream: what may happen while no recorder runs. */
  EVENTS_LENGTH: wholeNumber(1000, 100_000_000).default(250_000),
  /** 0 = for ever. */
  HISTORY_RETENTION_DAYS: wholeNumber(0, 36_500).default(7),
  /** Not set: the embedded database in `DATA_DIR/sql`. */
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://')
    .optional(),
  /** Not set: as long as the longest retention of a job. */
  ARTIFACT_TTL_SECONDS: wholeNumber(0, 10 * 365 * 86_400).optional(),
});

/** Every setting, by its environment name. `.env.example` says what each means, its unit and default. */
export type Settings = z.infer<typeof schema>;

/**
 * Reads and checks the settings of a Drover process. An empty value counts as not set.
 *
 * @param env environment to read, usually `process.env`; other variables in it are ignored.
 * @throws {InvalidSettingsError} naming every setting that is wrong, with the value found.
 */
export function loadSettings(env: Environment): Settings {
  return readSettings(schema, env, ['REDIS_URL', 'DATABASE_URL', 'DROVER_ADMIN_KEY']);
}
