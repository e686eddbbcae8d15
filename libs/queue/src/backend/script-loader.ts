import { readFileSync } from 'node:fs';

const folder = new URL('./lua/', import.meta.url);

/** Every script, one per transition or query; each is a file under `lua/` with its own header. */
export const SCRIPT_NAMES = [
  'addJobs',
  'addLog',
  'adoptAdded',
  'cancel',
  'changeDelay',
  'changePriority',
  'claim',
  'clean',
  'clearProcessing',
  'countPriorities',
  'counts',
  'delay',
  'drain',
  'emitCleaned',
  'extend',
  'finish',
  'getJob',
  'getState',
  'obliterate',
  'pause',
  'promote',
  'ranges',
  'reconcile',
  'recoverStalled',
  'release',
  'remove',
  'reprocess',
  'requeue',
  'retry',
  'retryMany',
  'saveResult',
  'setStatus',
  'survey',
  'updateData',
  'updateProgress',
] as const;

export type ScriptName = (typeof SCRIPT_NAMES)[number];

const sources = new Map<ScriptName, string>();

/** Text of a script with the parts it names in `--@include a b` put in its place, each once. */
export function scriptSource(name: ScriptName): string {
  let source = sources.get(name);
  if (source === undefined) {
    source = readFileSync(new URL(`${name}.lua`, folder), 'utf8').replace(
      /^--@include (.+)$/gm,
      (_, parts: string) =>
        parts
          .trim()
          .split(/\s+/)
          .map((part) => readFileSync(new URL(`includes/${part}.lua`, folder), 'utf8'))
          .join('\n'),
    );
    sources.set(name, source);
  }
  return source;
}
