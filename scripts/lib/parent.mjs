import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { identify, isSame } from './lock.mjs';
import { statFields } from './processes.mjs';

const EVERY_MS = 500;
const LEVELS = 2; // npm starts a shell, which starts us

/** Parent and command line of a process, as far as the system tells. */
function about(pid) {
  const fields = statFields(pid);
  try {
    if (fields) return { parent: Number(fields[1]), command: readFileSync(`/proc/${pid}/cmdline`, 'utf8') };
    const line = execFileSync('ps', ['-o', 'ppid=,command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return { parent: Number.parseInt(line, 10), command: line.replace(/^\d+\s+/, '') };
  } catch {
    return { parent: 0, command: '' };
  }
}

/** npm, if it started us, and the shell between; nothing further up: a closed terminal is no reason to end. */
function upToNpm() {
  const found = [];
  let pid = process.ppid;
  for (let level = 0; level < LEVELS && pid > 1; level++) {
    const { parent, command } = about(pid);
    found.push(identify(pid));
    if (/\b(npm|pnpm|yarn|bun)\b/.test(command)) return found;
    pid = parent;
  }
  return [];
}

/**
 * Calls `onGone` when the `npm start` that we are has lost its npm: a signal that ends npm (or the
 * shell it uses) from outside does not reach us.
 */
export function watchNpm(onGone) {
  if (!process.env.npm_lifecycle_event) return;
  const parents = upToNpm();
  if (parents.length === 0) return;
  const timer = setInterval(() => {
    if (parents.every(isSame)) return;
    clearInterval(timer);
    onGone();
  }, EVERY_MS);
  timer.unref();
}
