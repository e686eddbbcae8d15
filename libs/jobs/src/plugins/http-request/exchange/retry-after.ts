const SECONDS = /^\d{1,9}$/;
/** The three forms of a date in HTTP; all of them are in UTC, though the last does not say so. */
const HTTP_DATE = /^[a-z]{3,9},? .*\d{2}:\d{2}:\d{2}( GMT| \d{4})$/i;

/** Milliseconds that a `Retry-After` header asks to wait: seconds, or a date. `undefined` for what is neither. */
export function retryAfter(value: string | string[] | undefined, now: number): number | undefined {
  const text = String(value ?? '').trim();
  if (SECONDS.test(text)) return Number(text) * 1000;
  if (!HTTP_DATE.test(text)) return undefined;
  const date = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
