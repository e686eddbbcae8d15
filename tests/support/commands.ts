import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import type { Redis } from 'ioredis';
import { waitFor } from './wait.js';

/** The commands that a Redis gets. */
export interface WatchedCommands {
  /** Resolves when the listener has heard of all commands that Redis has got so far. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Tells of each command, with its arguments, that a Redis gets from now on, those inside of scripts included. Not by ioredis, which
 * loses its place when the first command comes together with the answer to MONITOR.
 *
 * @param redis a client of it.
 */
export async function watchCommands(
  redis: Redis,
  listener: (words: string[]) => void,
): Promise<WatchedCommands> {
  const { host, port } = redis.options;
  const socket = createConnection({ host: host ?? '127.0.0.1', port: port ?? 6379 });
  await once(socket, 'connect');
  const marks = new Set<string>();
  await new Promise<void>((resolve, reject) => {
    socket.once('close', () => reject(new Error('the connection was closed before MONITOR was answered')));
    createInterface({ input: socket }).on('line', (line) => {
      if (line.startsWith('-')) reject(new Error(`MONITOR was refused: ${line}`));
      // The first commands may come in one piece with the answer.
      if (!line.includes('"')) return resolve();
      const words = wordsOf(line);
      if (words[0] === 'echo') marks.add(words[1] ?? '');
      listener(words);
    });
    socket.write('MONITOR\r\n');
  });
  return {
    settled: async () => {
      const mark = randomUUID();
      await redis.echo(mark);
      await waitFor(() => marks.has(mark));
    },
    close: async () => void socket.destroy(),
  };
}

const SPECIAL: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };

/** `+1339518083.107412 [0 127.0.0.1:60866] "get" "a\x00b"` */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) =>
    word.replace(/\\(x([0-9a-f]{2})|.)/g, (_, char: string, hex?: string) =>
      hex === undefined ? (SPECIAL[char] ?? char) : String.fromCharCode(parseInt(hex, 16)),
    ),
  );
}
