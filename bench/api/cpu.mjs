import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

let ticks;

/** CPU time that a process has used, in microseconds. */
export function cpuOf(pid) {
  ticks ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in brackets, may have spaces; user and system time are the 14th and 15th field of all.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / ticks) * 1e6;
}
