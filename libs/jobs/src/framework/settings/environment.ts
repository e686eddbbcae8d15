import {
  InvalidSettingsError,
  SETTING_GROUPS,
  typeOverridesSchema,
  type TypeOverrides,
} from '#libs/contracts';

const PREFIX = 'DROVER_TYPE__';

/**
 * Settings of types that the environment overrides: `DROVER_TYPE__<TYPE>__<SETTING>`, for a setting in a group
 * `DROVER_TYPE__<TYPE>__<GROUP>__<SETTING>`. The type is in capitals with `_` for what is no letter or digit, settings
 * have `_` before each word: `DROVER_TYPE__MAIL_DIGEST__CONCURRENCY__PER_PROCESS=2`. Empty values count as not set.
 *
 * @param types all types there are.
 * @throws {InvalidSettingsError} naming every variable that means no type or setting, or has a value that cannot be used.
 */
export function environmentOverrides(
  environment: Record<string, string | undefined>,
  types: readonly string[],
): Map<string, TypeOverrides> {
  const given = new Map<string, Given>();
  const problems: string[] = [];
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || value === undefined || value === '') continue;
    const [typeName = '', ...path] = variable.slice(PREFIX.length).split('__');
    const named = types.filter((type) => inCapitals(type) === typeName);
    const place = placeOf(path);
    const [type] = named;
    if (type === undefined)
      problems.push(
        `${variable}: there is no job type ${typeName} here; types: ${types.map(inCapitals).join(', ')}`,
      );
    else if (named.length > 1)
      problems.push(`${variable}: could mean ${named.join(' or ')}; set it at run time instead`);
    else if (!place)
      problems.push(`${variable}: there is no such setting; settings: ${settingNames().join(', ')}`);
    else put(given, type, place, variable, parsed(value));
  }
  const overrides = new Map<string, TypeOverrides>();
  for (const [type, { values, variables }] of given) {
    const checked = typeOverridesSchema.safeParse(values);
    if (checked.success) overrides.set(type, checked.data);
    else
      problems.push(
        ...checked.error.issues.map(({ path, message }) => `${variables.get(path.join('.'))}: ${message}`),
      );
  }
  if (problems.length > 0) throw new InvalidSettingsError(problems);
  return overrides;
}

/** What is given for a type, and by which variable each setting is, by its path. */
interface Given {
  readonly values: Record<string, unknown>;
  readonly variables: Map<string, string>;
}

const inCapitals = (type: string): string => type.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
const asVariable = (setting: string): string => setting.replace(/[A-Z]/g, '_$&').toUpperCase();

function placeOf([first = '', second, ...more]: string[]): string[] | undefined {
  const setting = Object.keys(typeOverridesSchema.shape).find((name) => asVariable(name) === first);
  if (setting === undefined || more.length > 0) return undefined;
  const group = SETTING_GROUPS[setting];
  if (!group) return second === undefined ? [setting] : undefined;
  const inner = group.find((name) => asVariable(name) === second);
  return inner === undefined ? undefined : [setting, inner];
}

function settingNames(): string[] {
  return Object.keys(typeOverridesSchema.shape).flatMap((name) =>
    (SETTING_GROUPS[name] ?? ['']).map((inner) => [name, inner].filter(Boolean).map(asVariable).join('__')),
  );
}

function put(
  given: Map<string, Given>,
  type: string,
  place: string[],
  variable: string,
  value: unknown,
): void {
  const [setting = '', inner] = place;
  const { values, variables } = given.get(type) ?? { values: {}, variables: new Map<string, string>() };
  given.set(type, { values, variables });
  variables.set(place.join('.'), variable);
  if (inner === undefined) values[setting] = value;
  else values[setting] = { ...(values[setting] as object | undefined), [inner]: value };
}

/** Numbers, booleans and `null` as such; all else is text, also a number that JSON does not write so. */
function parsed(value: string): unknown {
  if (/^(true|false|null|-?(0|[1-9]\d*)(\.\d+)?)$/.test(value)) return JSON.parse(value);
  return value;
}
