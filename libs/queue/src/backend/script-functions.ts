import { Cluster, Command, type Redis } from 'ioredis';
import { functionLibrary, type ScriptName } from './script-loader.js';
import type { RedisClient, ScriptArgument } from './scripts.js';

/** Versions of the library that are left in Redis: those of a rolling deployment, and a few to go back to. */
const KEPT_VERSIONS = 4;
const NOT_FOUND = /Function not found/i;
/** What a server says that knows no functions, does not let this user load them, or cannot compile them. */
const NEVER = /NOPERM|unknown command|unknown subcommand|not supported|not allowed|disabled|compiling/i;

/** This passes. */
const OUT_OF_MEMORY = /^OOM/;

const withoutFunctions = new WeakSet<RedisClient>();
const loading = new WeakMap<RedisClient, Promise<boolean>>();

/** Whether scripts may be called as functions on this client: false once its server refused them. */
export const usesFunctions = (client: RedisClient): boolean => !withoutFunctions.has(client);

/**
 * Calls a script as a function of Redis; the library is loaded where it is missing.
 *
 * @returns its answer, or undefined when the server has no functions for us: then the script is to be called by EVAL.
 */
export async function callFunction(
  client: RedisClient,
  script: ScriptName,
  keys: readonly string[],
  args: readonly ScriptArgument[],
): Promise<{ answer: unknown } | undefined> {
  const words = [functionLibrary().functionOf(script), String(keys.length), ...keys];
  for (const word of args) words.push(typeof word === 'string' ? word : String(word));
  let called = await tryCall(client, words);
  if (called === 'missing' && (await load(client))) called = await tryCall(client, words);
  // Where others drop it again at once, this call goes by EVAL, and the next one tries again.
  return typeof called === 'string' ? undefined : called;
}

type Called = { answer: unknown } | 'missing' | 'refused';

/** A call has hundreds of arguments, which ioredis would flatten and look at one by one; they are texts already. */
function fcall(client: RedisClient, words: string[]): Promise<unknown> {
  const { keyPrefix, enableAutoPipelining, showFriendlyErrorStack } = client.options;
  if (keyPrefix || enableAutoPipelining || showFriendlyErrorStack) return client.call('fcall', words);
  const command = new Command('fcall', [], { replyEncoding: 'utf8' });
  command.args = words;
  return client.sendCommand(command) as Promise<unknown>;
}

async function tryCall(client: RedisClient, words: string[]): Promise<Called> {
  try {
    return { answer: await fcall(client, words) };
  } catch (error) {
    const { message } = error as Error;
    if (NOT_FOUND.test(message)) return 'missing';
    // Not what is denied to a command within the script: by then it has begun.
    if (!/NOPERM.*'fcall'|unknown command/i.test(message)) throw error;
    withoutFunctions.add(client);
    return 'refused';
  }
}

/** Loads the library on every server of the client, once for all callers that wait for it. */
async function load(client: RedisClient): Promise<boolean> {
  let loaded = loading.get(client);
  if (!loaded) {
    loaded = loadEverywhere(client).finally(() => loading.delete(client));
    loading.set(client, loaded);
  }
  return loaded;
}

async function loadEverywhere(client: RedisClient): Promise<boolean> {
  const servers = client instanceof Cluster ? client.nodes('master') : [client];
  const source = functionLibrary().source(`loaded ${new Date().toISOString()}`);
  try {
    await Promise.all(servers.map((server) => loadOn(server, source)));
    return true;
  } catch (error) {
    // Whatever is wrong beyond that, the same script by EVAL says it better.
    const { message } = error as Error;
    if (NEVER.test(message) && !OUT_OF_MEMORY.test(message)) withoutFunctions.add(client);
    return false;
  }
}

async function loadOn(server: Redis, source: string): Promise<void> {
  try {
    await server.call('function', 'LOAD', source);
  } catch (error) {
    // Another process was faster.
    if (!/already exists/i.test((error as Error).message)) throw error;
    return;
  }
  await dropOldVersions(server).catch(() => undefined);
}

interface Listed {
  library_name: string;
  functions: string[][] | { description?: string }[];
}

/** A process that still uses a version that was dropped loads it again. */
async function dropOldVersions(server: Redis): Promise<void> {
  const listed = (await server.call('function', 'LIST', 'LIBRARYNAME', 'drover_*')) as unknown[];
  const versions = listed.map((entry) => {
    const { library_name: name, functions } = asObject(entry) as unknown as Listed;
    return { name, loaded: String(asObject(functions[0])['description'] ?? '') };
  });
  versions.sort((a, b) => (a.loaded < b.loaded ? 1 : -1));
  for (const { name } of versions.slice(KEPT_VERSIONS)) await server.call('function', 'DELETE', name);
}

/** Redis answers with a flat list of names and values. */
function asObject(entry: unknown): Record<string, unknown> {
  if (!Array.isArray(entry)) return entry as Record<string, unknown>;
  const fields: Record<string, unknown> = {};
  for (let at = 0; at < entry.length; at += 2) fields[entry[at] as string] = entry[at + 1];
  return fields;
}
