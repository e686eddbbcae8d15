import type { QueueKeys } from '../backend/keys.js';
import type { RedisClient } from '../backend/scripts.js';
import type { StoreOptions } from '../backend/store-options.js';
import { DeclaredTypes } from './declared-types.js';

/** How many jobs of a type run at once; null = as many as there are places, 0 = none: its jobs wait. */
export interface TypeLimit {
  /** Over all workers of the queue. */
  global: number | null;
  /** In one worker. */
  perProcess: number | null;
}

/**
 * The limits of a queue's job types, which its store enforces: no claim brings a job of a type that is at its limit, and
 * such jobs keep none of another type waiting. They are kept in the field `types` of `<p>meta`, and follow from what workers
 * say (see {@link DeclaredTypes}), what is set at run time, and what is written here.
 */
export class TypeLimits {
  private readonly declared: DeclaredTypes;

  /**
   * @param client the connection that commands run on.
   * @param options of the store; `defaultType` is the type of jobs that name none.
   */
  constructor(
    private readonly client: () => Promise<RedisClient>,
    private readonly keys: QueueKeys,
    options: Partial<StoreOptions> = {},
  ) {
    this.declared = new DeclaredTypes(client, keys, options);
  }

  /**
   * Sets the limits of these types by hand; those of others stay. They hold at once, for jobs that run already too: where more run
   * than a lower limit allows, none is started until enough have ended. Where workers say others, the lower one counts.
   *
   * @throws {InvalidOptionError} for a limit that is no whole number from 0; then none is set.
   */
  write(limits: ReadonlyMap<string, TypeLimit>): Promise<void> {
    return this.declared.set(limits);
  }

  /** The limits that hold, by type; those of single workers, where they differ, are not among them. */
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
}
