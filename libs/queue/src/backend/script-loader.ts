import { readFileSync } from 'node:fs';

const folder = new URL('./lua/', import.meta.url);

/** Every script, one per transition or query; each is a file under `lua/` with its own header. */
export const SCRIPT_NAMES = [
  'addFlow',
  'addJobScheduler',
  'addJobs',
  'addLog',
  'adoptAdded',
  'cancel',
  'changeDelay',
  'changeLimits',
  'changePriority',
  'claim',
  'clean',
  'clearProcessing',
  'closeWindow',
  'countPriorities',
  'counts',
  'delay',
  'drain',
  'emitCleaned',
  'extend',
  'finish',
  'freeDeduplication',
  'getJob',
  'getJobScheduler',
  'getMetrics',
  'getState',
  'isMaxed',
  'leaveParent',
  'lookAfterParents',
  'nextRun',
  'noteEnds',
  'obliterate',
  'openWindow',
  'overdue',
  'pause',
  'promote',
  'ranges',
  'rateLimitTtl',
  'reconcile',
  'recoverStalled',
  'release',
  'remove',
  'removeJobScheduler',
  'removeOrphans',
  'removePendingChildren',
  'reprocess',
  'requeue',
  'retry',
  'retryMany',
  'saveResult',
  'setStatus',
  'survey',
  'updateData',
  'updateProgress',
  'waitForChildren',
] as const;

export type ScriptName = (typeof SCRIPT_NAMES)[number];

const sources = new Map<ScriptName, string>();

const INCLUDE = /^--@include (.+)$/gm;

/** Puts the parts a text names in `--@include a b` in the line's place; each part once, before what needs it. */
function expanded(text: string, seen: Set<string>): string {
  return text.replace(INCLUDE, (_, names: string) =>
    names
      .trim()
      .split(/\s+/)
      .map((part) => {
        if (seen.has(part)) return '';
        seen.add(part);
        return expanded(readFileSync(new URL(`includes/${part}.lua`, folder), 'utf8'), seen);
      })
      .join('\n'),
  );
}

/** Text of a script with all its parts, those that parts name included. */
export function scriptSource(name: ScriptName): string {
  let source = sources.get(name);
  if (source === undefined) {
    source = expanded(readFileSync(new URL(`${name}.lua`, folder), 'utf8'), new Set());
    sources.set(name, source);
  }
  return source;
}
