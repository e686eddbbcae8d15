import type { Redis } from 'ioredis';
import { waitFor } from '../../../../tests/support/wait.js';
import type { Stand } from './stand.js';

const LIBRARY = /^drover_[0-9a-f]+_/;

/** Records the calls of scripts that a Redis gets from now on: a function by its script's name, others as `eval`. */
export async function recordCalls(stand: Stand): Promise<() => Promise<string[]>> {
  const monitor = await stand.redis.monitor();
  stand.keep({ close: async () => monitor.disconnect() });
  const calls: string[] = [];
  const marks = new Set<string>();
  monitor.on('monitor', (_time: string, [command = '', first = '']: string[]) => {
    const name = command.toLowerCase();
    if (name === 'fcall') calls.push(first.replace(LIBRARY, ''));
    if (name === 'eval' || name === 'evalsha') calls.push('eval');
    if (name === 'echo') marks.add(first);
  });
  return async () => {
    const mark = `${stand.base}${marks.size}`;
    await stand.redis.echo(mark);
    await waitFor(() => marks.has(mark));
    return calls.splice(0);
  };
}

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
export async function recordAdvances(stand: Stand): Promise<() => Promise<number[]>> {
  const monitor = await stand.redis.monitor();
  stand.keep({ close: async () => monitor.disconnect() });
  const advances: number[] = [];
  const marks = new Set<string>();
  monitor.on('monitor', (_time: string, words: string[]) => {
    const operations = operationsOf(words);
    if (operations !== undefined) advances.push(operations);
    if (words[0] === 'echo') marks.add(words[1] ?? '');
  });
  return async () => {
    const mark = `${stand.base}${marks.size}`;
    await stand.redis.echo(mark);
    await waitFor(() => marks.has(mark));
    return advances.splice(0);
  };
}
