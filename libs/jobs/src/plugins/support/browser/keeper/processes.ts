import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** A process of a browser. */
export interface ProcessMemory {
  readonly pid: number;
  /** Whether it runs pages. */
  readonly isRenderer: boolean;
  /** Bytes that are its own; what it shares with others (the program, files) does not count. */
  readonly bytes: number;
}

/** The process `root` and everything below it, as they are now. */
export function processesBelow(root: number): ProcessMemory[] {
  return existsSync('/proc/self/stat') ? fromProc(root) : fromPs(root);
}

function fromProc(root: number): ProcessMemory[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentOf(name)] as const);
  return below(root, parents).flatMap((pid) => {
    const status = read(`/proc/${pid}/status`);
    const kilobytes = [...status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB/gm)];
    if (kilobytes.length === 0) return []; // it has ended
    return {
      pid,
      isRenderer: read(`/proc/${pid}/cmdline`).includes('--type=renderer'),
      bytes: kilobytes.reduce((sum, [, kb]) => sum + Number(kb) * 1024, 0),
    };
  });
}

/** macOS and BSD. Their resident sizes count shared memory in each process. */
function fromPs(root: number): ProcessMemory[] {
  const text = execFileSync('ps', ['-axww', '-o', 'pid=,ppid=,rss=,command='], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const rows = [...text.matchAll(/^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/gm)].map(
    ([, pid, parent, kb, command = '']) => ({
      pid: Number(pid),
      parent: Number(parent),
      isRenderer: command.includes('--type=renderer'),
      bytes: Number(kb) * 1024,
    }),
  );
  const wanted = new Set(
    below(
      root,
      rows.map(({ pid, parent }) => [pid, parent] as const),
    ),
  );
  return rows.filter(({ pid }) => wanted.has(pid));
}

function below(root: number, parents: readonly (readonly [number, number])[]): number[] {
  const found = [root];
  for (const pid of found) {
    for (const [child, parent] of parents) if (parent === pid) found.push(child);
  }
  return found;
}

/** The fields after the name, which is in brackets and may contain anything, are state and parent. */
function parentOf(pid: string): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has ended since
  }
}
