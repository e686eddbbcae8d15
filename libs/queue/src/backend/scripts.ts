import type { Cluster, Redis } from 'ioredis';
import { WrongKeyTypeError } from '../errors/index.js';
import { JOB_KEY_TYPES, KEY_TYPES, SCHEDULER_KEY_TYPES, type QueueKeys } from './keys.js';
import { callFunction, usesFunctions } from './script-functions.js';
import { HOT_SCRIPTS, scriptSource, type ScriptName } from './script-loader.js';
import type { StoreOptions } from './store-options.js';

export type RedisClient = Redis | Cluster;
export type ScriptArgument = string | number;

type ListCall = (keys: number, ...lists: (readonly ScriptArgument[])[]) => Promise<unknown>;

/** Arguments that are looked at when one of them may name a job with a key of the wrong type. */
const MOST_EXPLAINED = 50;

const prepared = new WeakMap<RedisClient, Set<ScriptName>>();
const hot = new Set<ScriptName>(HOT_SCRIPTS);
const commandName = (name: ScriptName) => `drover${name[0]?.toUpperCase()}${name.slice(1)}`;

/** Teaches a client a script, once, also when several queues share the client: most processes need few of them. */
function prepare(client: RedisClient, script: ScriptName): void {
  const known = prepared.get(client) ?? new Set();
  if (known.has(script)) return;
  prepared.set(client, known.add(script));
  client.defineCommand(commandName(script), { lua: scriptSource(script) });
}

/** Calls a script on the queues with these bases. As lists: spread, many arguments would not fit on the stack. */
async function call(
  client: RedisClient,
  script: ScriptName,
  bases: readonly string[],
  args: readonly ScriptArgument[],
): Promise<unknown> {
  if (hot.has(script) && usesFunctions(client)) {
    const called = await callFunction(client, script, bases, args);
    if (called) return called.answer;
  }
  prepare(client, script);
  const command = (client as unknown as Record<string, ListCall>)[commandName(script)] as ListCall;
  return command.call(client, bases.length, bases, args);
}

/** One call of a script, as data, so that several can travel in one pipeline. */
export interface ScriptCall {
  script: ScriptName;
  args: ScriptArgument[];
}

/**
 * Runs the store's scripts on one queue: adds the arguments every script gets (the client's time, TTL,
 * limits) and turns Redis' complaints about key types into {@link WrongKeyTypeError}.
 */
export class Scripts {
  constructor(
    private readonly client: () => Promise<RedisClient>,
    private readonly keys: QueueKeys,
    private readonly options: StoreOptions,
  ) {}

  async run<T>(script: ScriptName, ...args: ScriptArgument[]): Promise<T> {
    return this.runList<T>(script, args);
  }

  /** {@link run} with many arguments. */
  async runList<T>(script: ScriptName, args: readonly ScriptArgument[]): Promise<T> {
    try {
      return (await call(await this.client(), script, [this.keys.base], [...this.common(), ...args])) as T;
    } catch (error) {
      throw await this.explained(error, args);
    }
  }

  /**
   * Adds jobs to several queues at once. All bases are named as keys, so that a cluster refuses the call as a
   * whole when they are not in one slot. `ids` are the jobs that an error may be about.
   */
  async runTogether<T>(
    script: 'addFlow' | 'addTogether',
    bases: readonly string[],
    args: readonly ScriptArgument[],
    ids: readonly string[],
  ): Promise<T> {
    try {
      return (await call(await this.client(), script, bases, [...this.common(), ...args])) as T;
    } catch (error) {
      throw await this.explained(error, ids, bases);
    }
  }

  /** Runs commands that go past the scripts; `ids` are the jobs whose keys they touch. */
  async read<T>(commands: (client: RedisClient) => Promise<T>, ids: readonly string[] = []): Promise<T> {
    try {
      return await commands(await this.client());
    } catch (error) {
      throw await this.explained(error, ids);
    }
  }

  /** Sends several calls at once, in order, and waits for all; the first error is thrown. */
  async runAll<T>(calls: ScriptCall[]): Promise<T[]> {
    const [only] = calls;
    if (only && calls.length === 1) return [await this.run<T>(only.script, ...only.args)];
    const client = await this.client();
    for (const { script } of calls) prepare(client, script);
    const pipeline = client.pipeline();
    for (const { script, args } of calls) {
      // Only queued here; the pipeline's own promise below carries the answers.
      void (pipeline as unknown as Record<string, ListCall>)[commandName(script)]?.call(
        pipeline,
        1,
        [this.keys.base],
        this.common(),
        args,
      );
    }
    const replies = (await pipeline.exec()) ?? [];
    const failed = replies.findIndex(([error]) => error);
    if (failed >= 0) throw await this.explained(replies[failed]?.[0], calls[failed]?.args ?? []);
    return replies.map(([, value]) => value as T);
  }

  private common(): ScriptArgument[] {
    const { jobTtlSeconds, maxDocumentBytes, legacyLeaseSeconds } = this.options;
    return [Date.now(), jobTtlSeconds * 1000, maxDocumentBytes, legacyLeaseSeconds * 1000];
  }

  /**
   * The error to throw for one of Redis': it does not say which key is of the wrong type, so that is looked up. `args` are
   * arguments of the call; those that are ids of jobs matter.
   */
  async explained(
    error: unknown,
    args: readonly ScriptArgument[],
    bases: readonly string[] = [this.keys.base],
  ): Promise<unknown> {
    if (!(error instanceof Error) || !error.message.includes('WRONGTYPE')) return error;
    const [, told] = /WRONGTYPEAT (\[.*?"\])/.exec(error.message) ?? [];
    if (told) return new WrongKeyTypeError(...(JSON.parse(told) as [string, string, string]));
    const [, inOther] = /WRONGTYPEIN (\S+)/.exec(error.message) ?? [];
    const client = await this.client();
    const ids = args.filter((arg) => typeof arg === 'string' && arg !== '').slice(0, MOST_EXPLAINED);
    const own = Object.entries({ ...JOB_KEY_TYPES, ...SCHEDULER_KEY_TYPES }).flatMap(([name, type]) =>
      ids.map((id) => [`${name}:${id}`, type] as const),
    );
    for (const base of inOther ? [inOther] : bases) {
      for (const [name, expected] of [...Object.entries(KEY_TYPES), ...own]) {
        const found = await client.type(base + name);
        if (found !== 'none' && found !== expected) {
          return new WrongKeyTypeError(base + name, found, expected);
        }
      }
    }
    return error;
  }
}
