import { z } from 'zod';
import { InvalidSettingsError } from './errors.js';

/** Names and texts, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that is a whole number from `min` to `max`. */
export const wholeNumber = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** A setting that is `true` or `false`. */
export const flag = () => z.enum(['true', 'false']).transform((text) => text === 'true');

/** Several values in one setting, separated by commas; white space around them does not count. Default: none. */
export const listOf = <T extends z.ZodType<unknown, string>>(item: T) =>
  z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .pipe(z.array(item))
    .default([]);

/**
 * Reads the settings that `schema` names from an environment. An empty value counts as not set; other
 * variables are ignored.
 *
 * @param secret settings whose values must not be shown in messages.
 * @throws {InvalidSettingsError} naming every setting that is wrong, with the value found.
 */
export function readSettings<S extends z.ZodObject>(
  schema: S,
  env: Environment,
  secret: readonly string[] = [],
): z.output<S> {
  const given = Object.fromEntries(
    Object.keys(schema.shape)
      .map((name) => [name, env[name]] as const)
      .filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new InvalidSettingsError(
    parsed.error.issues.map((issue) => {
      const name = String(issue.path[0]);
      const value = given[name];
      const shown = value === undefined || secret.includes(name) ? '' : ` (got ${JSON.stringify(value)})`;
      return `${name}: ${issue.message}${shown}`;
    }),
  );
}
