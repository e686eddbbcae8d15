import type { QueueKeys } from '../backend/keys.js';
import { Scripts, type RedisClient } from '../backend/scripts.js';
import { resolveStoreOptions, type StoreOptions } from '../backend/store-options.js';
import { InvalidOptionError } from '../errors/index.js';
import type { TypeLimit } from './type-limits.js';
import { sortableVersion } from './versions.js';

/** What a worker says of one of its types, from code and environment; what was set at run time is known to the store. */
export interface TypeRule {
  limit: TypeLimit;
  /** The worker takes no job of it, unless it is enabled at run time. Default: false. */
  isOff?: boolean;
  /** The worker takes none, whatever is set at run time: it could not run it. Default: false. */
  isBarred?: boolean;
  /** Of several versions the newest says how long ended jobs are kept. */
  version: string;
  /** Milliseconds for which ended jobs are kept; null = as all are, and of `dead`: there are no dead letters. */
  kept: { completed: number | null; failed: number | null; dead: number | null };
}

/**
 * What the workers of a queue declare of their types. What holds for the queue follows from all of it, in one step with each
 * declaration: the limits (see {@link TypeLimits}), and what becomes of jobs that end where the type is unknown. In Redis:
 *
 * - `<p>types:declared`: hash of what each worker declares;
 * - `<p>types:ends`: hash of how long ended jobs are kept, by type.
 */
export class DeclaredTypes {
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
   * Declares all types of a worker, in place of what it declared before. It holds at once, for jobs that run already too.
   *
   * @param worker what stands before the colon of its tokens: the id of a BullMQ `Worker`.
   * @param ttlMs how long it holds unless it is declared again.
   * @throws {InvalidOptionError} for a limit that is no whole number from 0; then nothing was declared.
   */
  async declare(worker: string, types: ReadonlyMap<string, TypeRule>, ttlMs: number): Promise<void> {
    const entries = [...types].map(([type, rule]) => [type, writtenRule(type, rule)] as const);
    await this.send(worker, { types: Object.fromEntries(entries), untyped: this.untyped }, ttlMs);
  }

  /**
   * Sets limits by hand, without an end: they hold beside what workers say, and the lower one counts. Types that are not
   * given stay as they are; a limit without numbers is taken back.
   *
   * @throws {InvalidOptionError} as {@link say}.
   */
  async set(limits: ReadonlyMap<string, TypeLimit>): Promise<void> {
    const entries = [...limits].map(([type, limit]) => {
      const written = writtenLimit(type, limit);
      return [type, Object.keys(written).length > 0 && written] as const;
    });
    await this.send('', { types: Object.fromEntries(entries), untyped: this.untyped }, 0);
  }

  /** Takes back what a worker declared: it claims no more. */
  async withdraw(worker: string): Promise<void> {
    await this.send(worker, undefined, 0);
  }

  /** Whether what a worker declared is still known: a Redis that lost its memory knows nothing. */
  async isKnown(worker: string): Promise<boolean> {
    return (await (await this.client()).hexists(this.keys.key('types:declared'), worker)) === 1;
  }

  private async send(worker: string, word: object | undefined, ttlMs: number): Promise<void> {
    const text = word === undefined ? '' : JSON.stringify(word);
    let cursor = '0';
    do {
      cursor = await this.scripts.run<string>('agreeOnTypes', worker, text, ttlMs, cursor);
    } while (cursor !== '0');
  }
}

function writtenRule(type: string, { limit, isOff, isBarred, version, kept }: TypeRule): object {
  return {
    ...writtenLimit(type, limit),
    ...(isOff ? { off: true } : {}),
    ...(isBarred ? { barred: true } : {}),
    version: sortableVersion(version),
    ends: [kept.completed ?? -1, kept.failed ?? -1, kept.dead ?? -1],
  };
}

/** A limit as the scripts read it. */
function writtenLimit(type: string, { global, perProcess }: TypeLimit): object {
  for (const [name, value] of Object.entries({ global, perProcess })) {
    if (value !== null && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new InvalidOptionError(
        `concurrency.${name} of type ${JSON.stringify(type)} must be a whole number from 0, not ${String(value)}`,
      );
    }
  }
  return { ...(global === null ? {} : { global }), ...(perProcess === null ? {} : { perProcess }) };
}
