import { UnknownJobOptionError } from '../errors.js';
import type { JobHandlerOptions } from './job-options.js';

/** Every option there is, with the names in it where it is a group. */
const OPTIONS: Readonly<Record<keyof JobHandlerOptions, readonly string[]>> = {
  type: [],
  name: [],
  description: [],
  version: [],
  queue: [],
  payload: [],
  result: [],
  examples: ['title', 'payload'],
  schedule: ['every', 'cron', 'timeZone', 'overlap', 'payload'],
  batch: ['size', 'maxWait'],
  requires: ['environment', 'services'],
  dependsOn: [],
  idempotent: [],
  enabled: [],
  priority: [],
  attempts: [],
  backoff: ['base', 'factor', 'max', 'jitter'],
  timeout: [],
  concurrency: ['perProcess', 'global'],
  deadLetters: [],
  cache: [],
  retention: ['completed', 'failed', 'dead'],
};

const PATHS = Object.entries(OPTIONS).flatMap(([name, inner]) => [
  name,
  ...inner.map((each) => `${name}.${each}`),
]);

/** @throws {UnknownJobOptionError} for an option that means nothing, naming the nearest that does. */
export function assertKnownOptions(options: JobHandlerOptions, className: string): void {
  const refuse = (path: string) => new UnknownJobOptionError(className, options.type, path, nearest(path));
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(OPTIONS, name)) throw refuse(name);
    const inner = OPTIONS[name as keyof JobHandlerOptions];
    if (inner.length === 0) continue;
    for (const group of Array.isArray(value) ? value : [value]) {
      const unknown = namesIn(group).find((each) => !inner.includes(each));
      if (unknown !== undefined) throw refuse(`${name}.${unknown}`);
    }
  }
}

function namesIn(group: unknown): string[] {
  return typeof group === 'object' && group !== null ? Object.keys(group) : [];
}

/** The option that is written most like this one: within its group where there is such a group, else also the last word of one in a group. */
function nearest(path: string): string {
  const group = Object.hasOwn(OPTIONS, groupOf(path)) ? `${groupOf(path)}.` : '';
  const distances = PATHS.filter((known) => known.startsWith(group)).map((known) => {
    const whole = distance(path, known);
    const last = distance(lastWord(path), lastWord(known)) + 1;
    return { known, distance: Math.min(whole, last) };
  });
  return distances.reduce((best, each) => (each.distance < best.distance ? each : best)).known;
}

const groupOf = (path: string): string => (path.includes('.') ? path.slice(0, path.indexOf('.')) : '');
const lastWord = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/** How many characters are to be added, taken away or changed to make one text of the other, whatever their case; fewer for a beginning. */
function distance(one: string, other: string): number {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  if (a !== '' && b.startsWith(a)) return 1;
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
