import { SETTING_GROUPS, typeSettingsSchema, type TypeSettings } from '#libs/contracts';
import { UnknownJobOptionError } from '../errors.js';
import type { JobHandlerOptions } from './job-options.js';

/** Every option that is no setting, with the names in it where it is a group. */
const NO_SETTINGS: Readonly<Record<Exclude<keyof JobHandlerOptions, keyof TypeSettings>, readonly string[]>> =
  {
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
  };

/** Every option there is. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  ...NO_SETTINGS,
  ...Object.fromEntries(
    Object.keys(typeSettingsSchema.shape).map((name) => [name, SETTING_GROUPS[name] ?? []]),
  ),
};

/** What other queues and schedulers call these options, in small letters. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  retries: 'attempts',
  retry: 'attempts',
  maxretries: 'attempts',
  tries: 'attempts',
  data: 'payload',
  schema: 'payload',
  repeat: 'schedule',
  interval: 'schedule.every',
  pattern: 'schedule.cron',
  tz: 'schedule.timeZone',
  delay: 'backoff.base',
  multiplier: 'backoff.factor',
  maxdelay: 'backoff.max',
  limit: 'concurrency.global',
  removeoncomplete: 'retention.completed',
  removeonfail: 'retention.failed',
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
    const inner = OPTIONS[name] ?? [];
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

/**
 * The option that other queues call so, or that is written most like this one: within its group where there is such a group, else
 * also the last word of one in a group. Nothing when none is near.
 */
function nearest(path: string): string | undefined {
  const group = Object.hasOwn(OPTIONS, groupOf(path)) ? `${groupOf(path)}.` : '';
  const meant = ELSEWHERE[lastWord(path).toLowerCase()];
  if (meant?.startsWith(group)) return meant;
  const distances = PATHS.filter((known) => known.startsWith(group)).map((known) => {
    const whole = distance(path, known);
    const last = distance(lastWord(path), lastWord(known)) + 1;
    return { known, distance: Math.min(whole, last) };
  });
  const best = distances.reduce((best, each) => (each.distance < best.distance ? each : best));
  return best.distance <= Math.max(2, lastWord(path).length / 3) ? best.known : undefined;
}

const groupOf = (path: string): string => (path.includes('.') ? path.slice(0, path.indexOf('.')) : '');
const lastWord = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/** How many characters are to be added, taken away or changed to make one text of the other, whatever their case; fewer for a beginning or an end. */
function distance(one: string, other: string): number {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  if (a !== '' && a !== b && (b.startsWith(a) || b.endsWith(a))) return 1;
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
