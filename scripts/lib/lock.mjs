import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isAlive, startMark } from './processes.mjs';

const WRITING_MS = 2000;

/** A process as it is kept in a file: the start mark tells it from a later one of the same id. */
export const identify = (pid) => ({ pid, mark: startMark(pid) });

/** Whether the process that was written down is still there. */
export function isSame(process) {
  if (!process?.pid || !isAlive(process.pid)) return false;
  return process.mark === undefined || startMark(process.pid) === process.mark;
}

export function readState(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Somebody created it a moment ago and has not written it yet. */
function isBeingWritten(file) {
  try {
    const { size, mtimeMs } = statSync(file);
    return size === 0 && Date.now() - mtimeMs < WRITING_MS;
  } catch {
    return false;
  }
}

/**
 * Takes the lock `file` for this process.
 * @returns `{ held: true, previous }` with what a dead holder left, if there was one; or
 *   `{ held: false, holder }` when a living process has it.
 */
export function takeLock(file) {
  mkdirSync(dirname(file), { recursive: true });
  let previous;
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify({ owner: identify(process.pid) }), { flag: 'wx' });
      return { held: true, previous };
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const state = readState(file);
    if (isSame(state?.owner) || isBeingWritten(file)) return { held: false, holder: state };
    previous = state;
    rmSync(file, { force: true });
  }
}

/** Writes more into a lock we hold; readers see the old or the new content, never half of it. */
export function updateLock(file, state) {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify({ owner: identify(process.pid), ...state }, null, 2));
  renameSync(temporary, file);
}

/** Gives a lock up, if it is still ours. */
export function dropLock(file) {
  if (readState(file)?.owner?.pid === process.pid) rmSync(file, { force: true });
}
