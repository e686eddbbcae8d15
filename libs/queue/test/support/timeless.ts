import type { KeyContent } from './keyspace.js';

/** The text of a plain job's state starts with a line that is its time. */
const PLAIN = /^\d{13}(?=\n)/;
/** A job's run as it stands in `<p>runs`: two times, the second of which may be missing. */
const RUN = /^([01].*\n)(\d{13})( \d+ \d+ [^\n]*\n)(\d*)$/s;

const NEAR_MS = 2 * 86_400_000;

/** `T` for a time close to `at`, `T+30s` for one about 30 seconds later. */
function named(ms: number, at: number): string | undefined {
  const seconds = (ms - at) / 1000;
  if (!Number.isFinite(seconds) || Math.abs(seconds) > NEAR_MS / 1000) return undefined;
  const rounded = Math.round(seconds / 10) * 10;
  return rounded === 0 ? 'T' : `T${rounded > 0 ? '+' : ''}${rounded}s`;
}

function text(value: string, at: number): string {
  if (/^\d{13}(\.\d+)?$/.test(value)) return named(Number(value), at) ?? value;
  if (PLAIN.test(value)) return value.replace(PLAIN, (time) => named(Number(time), at) ?? time);
  const [, head, started = '', rest = '', ended = ''] = RUN.exec(value) ?? [];
  if (head !== undefined) return `${head}${text(started, at)}${rest}${ended && text(ended, at)}`;
  return value.replace(
    /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g,
    (time) => named(Date.parse(time), at) ?? time,
  );
}

const fields = (given: Record<string, string>, at: number) =>
  Object.fromEntries(Object.entries(given).map(([name, value]) => [name, text(value, at)]));

function content(value: KeyContent, at: number): unknown {
  if (typeof value === 'string') return text(value, at);
  if (!Array.isArray(value)) return fields(value, at);
  return value.map((entry) => {
    if (typeof entry === 'string') return text(entry, at);
    if (!Array.isArray(entry)) return fields(entry, at);
    return [entry[0], named(entry[1], at) ?? entry[1]];
  });
}

/**
 * A key space that can be compared: times written relative to `at` (rounded to ten seconds), documents
 * parsed, members of sorted sets in their order.
 */
export function timeless(keys: Record<string, KeyContent>, at = Date.now()): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(keys).map(([name, value]) => {
      const shown = content(value, at);
      return [name, name.startsWith('data:') ? (JSON.parse(shown as string) as unknown) : shown];
    }),
  );
}
