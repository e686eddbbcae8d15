import type { Redis } from 'ioredis';
import { watchCommands } from '../../../../tests/support/commands.js';
import type { Stand } from './stand.js';

const LIBRARY = /^drover_[0-9a-f]+_/;

/** Records what `read` makes of the commands that a Redis gets from now on. */
async function record<T>(
  stand: Stand,
  read: (words: string[]) => T | undefined,
): Promise<() => Promise<T[]>> {
  const seen: T[] = [];
  const watch = await watchCommands(stand.redis, (words) => {
    const one = read(words);
    if (one !== undefined) seen.push(one);
  });
  stand.keep(watch);
  return async () => {
    await watch.settled();
    return seen.splice(0);
  };
}

/** Records the calls of scripts that a Redis gets from now on: a function by its script's name, others as `eval`. */
export const recordCalls = (stand: Stand): Promise<() => Promise<string[]>> =>
  record(stand, ([command = '', first = '']) => {
    const name = command.toLowerCase();
    if (name === 'fcall') return first.replace(LIBRARY, '');
    return name === 'eval' || name === 'evalsha' ? 'eval' : undefined;
  });

/** Names of Drover's libraries of functions in a Redis. */
export async function libraries(redis: Redis): Promise<string[]> {
  const listed = (await redis.call('FUNCTION', 'LIST', 'LIBRARYNAME', 'drover_*')) as unknown[][];
  return listed.map((entry) => String(entry[entry.indexOf('library_name') + 1])).sort();
}

/** How many reports and claims a call of `advance` carries; undefined for other commands. */
function operationsOf(words: readonly string[]): number | undefined {
  if (words[0]?.toLowerCase() !== 'fcall' || !words[1]?.endsWith('_advance')) return undefined;
  const reports = Number(words[12]);
  return reports + (words.length - 13 - 4 * reports);
}

/** Records how many operations each call of `advance` carries from now on. */
export const recordAdvances = (stand: Stand): Promise<() => Promise<number[]>> => record(stand, operationsOf);
