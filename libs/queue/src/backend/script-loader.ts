import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const folder = new URL('./lua/', import.meta.url);

/** Every script, one per transition or query; each is a file under `lua/` with its own header. */
export const SCRIPT_NAMES = [
  'actOnJobs',
  'addBatch',
  'addFlow',
  'addJobScheduler',
  'addJobs',
  'addLog',
  'addTogether',
  'adoptAdded',
  'advance',
  'agreeOnTypes',
  'cancel',
  'cancelBatch',
  'changeDelay',
  'changeLimits',
  'changePriority',
  'childKeys',
  'clean',
  'clearProcessing',
  'closeWindow',
  'countPriorities',
  'counts',
  'deadLetterPage',
  'deadLetterReasons',
  'deadLetters',
  'delay',
  'drain',
  'emitCleaned',
  'extend',
  'freeDeduplication',
  'getBatchItems',
  'getBatches',
  'getJobs',
  'getJobScheduler',
  'getMetrics',
  'getState',
  'isMaxed',
  'keepCheckpoint',
  'leaveGroup',
  'leaveParent',
  'lookAfterBatches',
  'lookAfterParents',
  'nextRun',
  'noteEnds',
  'obliterate',
  'oldest',
  'openWindow',
  'overdue',
  'pause',
  'pauseJobScheduler',
  'promote',
  'purge',
  'ranges',
  'rateLimitTtl',
  'reconcile',
  'readEvents',
  'recoverStalled',
  'release',
  'remove',
  'removeJobScheduler',
  'removeOrphans',
  'removePendingChildren',
  'replay',
  'reprocess',
  'requeue',
  'resumeJobScheduler',
  'retry',
  'retryMany',
  'saveResult',
  'searchJobs',
  'setStatus',
  'snapshot',
  'survey',
  'swapTypeSettings',
  'updateData',
  'updateJob',
  'updateProgress',
  'waitForChildren',
  'wake',
] as const;

export type ScriptName = (typeof SCRIPT_NAMES)[number];

/**
 * Scripts that run for every job. Where it can, Redis keeps them as functions of one library: a script is built up
 * from its parts at each call, which for these costs more than what they do.
 */
export const HOT_SCRIPTS: readonly ScriptName[] = [
  'addFlow',
  'addJobs',
  'adoptAdded',
  'advance',
  'delay',
  'extend',
  'getJobs',
  'getState',
  'release',
  'retry',
  'updateProgress',
];

/** Those that only read: Redis calls them also when it is out of memory. */
const READ_ONLY = new Set<ScriptName>(['getJobs', 'getState']);

const sources = new Map<ScriptName, string>();
let library: FunctionLibrary | undefined;

/** The hot scripts as one library of Redis functions. */
export interface FunctionLibrary {
  /** Starts with `drover_` and holds a fingerprint: versions stand side by side. */
  name: string;
  /** @param note what Redis shows of it, such as when it was loaded. */
  source(note: string): string;
  functionOf(script: ScriptName): string;
}

const INCLUDE = /^--@include (.+)$/gm;
const EXPORTS = /^--@exports (.+)$/gm;

/**
 * A part in a block of its own, out of which only its exports are seen: Lua allows 200 local names side by side, and what
 * a part needs for itself is nobody else's.
 */
function enclosed(part: string): string {
  const exported = [...part.matchAll(EXPORTS)].flatMap(([, names = '']) => names.trim().split(/\s+/));
  const declared = exported.length > 0 ? `local ${exported.join(', ')}\n` : '';
  return `${declared}do\n${part.replace(INCLUDE, '').replace(EXPORTS, '')}\nend\n`;
}

interface Part {
  text: string;
  enclosed: string;
}
const parts = new Map<string, Part>();

function partOf(name: string): Part {
  let part = parts.get(name);
  if (!part) {
    const text = readFileSync(new URL(`includes/${name}.lua`, folder), 'utf8');
    part = { text, enclosed: enclosed(text) };
    parts.set(name, part);
  }
  return part;
}

/** The parts a text names in `--@include a b`, those they name included; each part once, before what needs it. */
function partsOf(text: string, seen: Set<string>): string {
  let found = '';
  for (const [, names = ''] of text.matchAll(INCLUDE)) {
    for (const part of names.trim().split(/\s+/)) {
      if (seen.has(part)) continue;
      seen.add(part);
      const own = partOf(part);
      found += partsOf(own.text, seen) + own.enclosed;
    }
  }
  return found;
}

function read(name: ScriptName): string {
  return readFileSync(new URL(`${name}.lua`, folder), 'utf8');
}

/**
 * Lua's globals that the scripts use most. They are kept in local names: a function of Redis finds a global in a table
 * behind the one where it looks first, which costs as much as several steps of Lua.
 */
const GLOBALS = 'redis, string, math, ipairs, unpack, tonumber, type';

/** What a script does when called, without its parts: of a function of its own, which may have 200 local names again. */
const bodyOf = (text: string) => `begin()\n${text.replace(INCLUDE, '')}`;

/** Text of a script with all its parts, for EVAL. */
export function scriptSource(name: ScriptName): string {
  let source = sources.get(name);
  if (source === undefined) {
    const text = read(name);
    source = `local ${GLOBALS} = ${GLOBALS}\n${partsOf(text, new Set())}return (function()\n${bodyOf(text)}\nend)()`;
    sources.set(name, source);
  }
  return source;
}

/** The {@link HOT_SCRIPTS} as a library for FUNCTION LOAD, with their parts once. */
export function functionLibrary(): FunctionLibrary {
  library ??= buildLibrary();
  return library;
}

function buildLibrary(): FunctionLibrary {
  const seen = new Set<string>();
  const texts = HOT_SCRIPTS.map((name) => [name, read(name)] as const);
  const parts = texts.map(([, text]) => partsOf(text, seen)).join('');
  const bodies = texts.map(([name, text]) => [name, bodyOf(text)] as const);
  const name = `drover_${createHash('sha256').update(parts).update(JSON.stringify(bodies)).digest('hex').slice(0, 16)}`;
  const functionOf = (script: ScriptName) => `${name}_${script}`;
  const source = (note: string) =>
    [
      `#!lua name=${name}`,
      'local register = redis.register_function',
      // While a library is loaded there are others.
      `local function globals() return ${GLOBALS} end`,
      `local KEYS, ARGV, ${GLOBALS}`,
      parts,
      ...bodies.map(
        ([script, body]) =>
          `register{ function_name = '${functionOf(script)}', description = '${note}',${
            READ_ONLY.has(script) ? " flags = { 'no-writes' }," : ''
          }
callback = function(givenKeys, givenArguments)\nKEYS, ARGV = givenKeys, givenArguments
if not redis then ${GLOBALS} = globals() end\n${body}\nend }`,
      ),
    ].join('\n');
  return { name, source, functionOf };
}
