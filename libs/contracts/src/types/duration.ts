import { z } from 'zod';

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const TEXT = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;

/** A length of time: milliseconds, or a number with its unit: `'500ms'`, `'30s'`, `'5m'`, `'1h'`, `'14d'`. */
export type Duration = number | string;

/** @returns milliseconds, or `undefined` for what is no duration. */
export function toMilliseconds(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const [, amount, unit] = TEXT.exec(value.trim()) ?? [];
  if (amount !== undefined) return Number(amount) * UNITS[unit as keyof typeof UNITS];
  // Environment variables and forms give plain numbers as text.
  return /^\d+$/.test(value.trim()) ? Number(value) : undefined;
}

/** Schema of a {@link Duration} from `min` to `max` milliseconds; gives whole milliseconds. */
export function duration(min: number, max: number): z.ZodType<number, Duration> {
  return (
    z
      .union([z.number(), z.string()])
      .transform((value, context) => {
        const ms = toMilliseconds(value);
        if (ms !== undefined && ms >= min && ms <= max) return Math.round(ms);
        context.addIssue({
          code: 'custom',
          message: `must be milliseconds or a text like "30s", "5m", "1h", from ${min} ms to ${max} ms`,
        });
        return z.NEVER;
      })
      // What comes out has a JSON Schema; a transform alone has none.
      .pipe(z.number())
  );
}
