import type { QueueKeys } from '../backend/keys.js';
import { Scripts, type RedisClient } from '../backend/scripts.js';
import { resolveStoreOptions, type StoreOptions } from '../backend/store-options.js';
import { InvalidOptionError } from '../errors/index.js';

/** How many jobs of a type run at once; null = as many as there are places, 0 = none: its jobs wait. */
export interface TypeLimit {
  /** Over all workers of the queue. */
  global: number | null;
  /** In one worker. */
  perProcess: number | null;
}

/**
 * The limits of a queue's job types, which its store enforces: no claim brings a job of a type that is at its limit, and
 * such jobs keep none of another type waiting. They are kept in the field `types` of `<p>meta`.
 */
export class TypeLimits {
  private readonly scripts: Scripts;
  private readonly untyped: string;

  /**
   * @param client the connection that commands run on.
   * @param options of the store; `defaultType` is the type of jobs that name none.
   */
  constructor(
    private readonly client: () => Promise<RedisClient>,
    private readonly keys: QueueKeys,
    options: Partial<StoreOptions> = {},
  ) {
    const resolved = resolveStoreOptions(options);
    this.scripts = new Scripts(client, keys, resolved);
    this.untyped = resolved.defaultType;
  }

  /**
   * Sets the limits of these types; those of others stay. They hold at once, for jobs that run already too: where more run
   * than a lower limit allows, none is started until enough have ended. Of two writers the last one wins.
   *
   * @throws {InvalidOptionError} for a limit that is no whole number from 0; then none is set.
   */
  write(limits: ReadonlyMap<string, TypeLimit>): Promise<void> {
    return this.send(limits, false);
  }

  /** The same where the queue knows of no limits at all, as after a loss of data; else nothing. */
  restore(limits: ReadonlyMap<string, TypeLimit>): Promise<void> {
    return this.send(limits, true);
  }

  /** The limits that hold, by type. */
  async read(): Promise<Map<string, TypeLimit>> {
    const client = await this.client();
    const text = await client.hget(this.keys.key('meta'), 'types');
    const { limits = {} } = JSON.parse(text ?? '{}') as { limits?: Record<string, Partial<TypeLimit>> };
    return new Map(
      Object.entries(limits).map(([type, { global = null, perProcess = null }]) => [
        type,
        { global, perProcess },
      ]),
    );
  }

  private async send(limits: ReadonlyMap<string, TypeLimit>, onlyIfNone: boolean): Promise<void> {
    const entries = [...limits].map(([type, limit]) => [type, written(type, limit)] as const);
    const given = JSON.stringify({ limits: Object.fromEntries(entries), untyped: this.untyped });
    let cursor = '0';
    do {
      cursor = await this.scripts.run<string>('changeTypeLimits', given, onlyIfNone ? '1' : '0', cursor);
    } while (cursor !== '0');
  }
}

/** A limit as the scripts read it; false where there is none. */
function written(type: string, { global, perProcess }: TypeLimit): object | false {
  for (const [name, value] of Object.entries({ global, perProcess })) {
    if (value !== null && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new InvalidOptionError(
        `concurrency.${name} of type ${JSON.stringify(type)} must be a whole number from 0, not ${String(value)}`,
      );
    }
  }
  if (global === null && perProcess === null) return false;
  return { ...(global === null ? {} : { global }), ...(perProcess === null ? {} : { perProcess }) };
}
