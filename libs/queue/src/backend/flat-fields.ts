const NO_FIELDS: readonly string[] = [];

/** Fields as names and values; those without a value are left out. */
export const flatList = (fields: Record<string, unknown> | undefined): readonly string[] =>
  fields === undefined
    ? NO_FIELDS
    : Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .flatMap(([name, value]) => [name, wellFormed(String(value))]);

/** The same as a JSON array; '' for none. */
export const flat = (fields: Record<string, unknown> | undefined) => {
  const list = flatList(fields);
  return list.length === 0 ? '' : JSON.stringify(list);
};

/** Redis' JSON refuses half a surrogate pair, which any message that was cut may end with. */
const wellFormed = (text: string) => text.replace(/\p{Surrogate}/gu, '\uFFFD');

/** In the text of a run, the worker's name ends with its line. */
export const oneLine = (name = '') => name.replaceAll('\n', ' ');
