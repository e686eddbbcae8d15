/** Milliseconds that a `Retry-After` header asks to wait: seconds, or a date. `undefined` for what is neither. */
export function retryAfter(value: string | string[] | undefined, now: number): number | undefined {
  const text = String(value ?? '').trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = /[a-z]/i.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
