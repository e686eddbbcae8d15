import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/**
 * Reads a JSON Schema as the worker's zod means what it was written from: expressions may be meant with or without the flag `u`, keys are a value's own, and formats only tell, as the standard has it: what they
 * are checked by stands beside them as a pattern. Addresses have none; they are what `URL` takes.
 *
 * @returns `undefined` for a schema that cannot be read: then only the worker checks.
 */
export function payloadValidator(schema: Record<string, unknown>): ValidateFunction | undefined {
  try {
    // One for each schema, which may name itself as another does.
    const ajv = new Ajv2020({
      strict: false,
      allErrors: true,
      verbose: true,
      logger: false,
      ownProperties: true,
      // A division is never exact: 1e22 / 5 is.
      multipleOfPrecision: 9,
      formats: { uri: (text: string) => URL.canParse(text.trim()) },
      code: { regExp: eitherWay },
    });
    return ajv.compile(schema);
  } catch {
    return undefined;
  }
}

/** An expression that fits if it does with the flag `u` or without. One that cannot be tried fits: the worker checks. */
function eitherWay(source: string): { test(text: string): boolean; toString(): string } {
  const ways = ['u', ''].flatMap((flags) => {
    try {
      return [new RegExp(source, flags)];
    } catch {
      return [];
    }
  });
  const fits = (text: string): boolean => {
    try {
      return ways.length === 0 || ways.some((way) => way.test(text));
    } catch {
      // Too long a text for an expression that repeats groups.
      return true;
    }
  };
  return { test: fits, toString: () => `/${source}/` };
}
// What the standalone code of Ajv would call it; none is made here.
eitherWay.code = 'new RegExp';
