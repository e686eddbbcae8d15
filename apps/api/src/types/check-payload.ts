import type { PublishedType } from '#libs/contracts';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { InvalidRequestError } from '../problems/api-errors.js';

/** Validators that were built, by the JSON of their schema; a worker that starts anew publishes the same ones. */
const built = new Map<string, ValidateFunction | undefined>();
const MOST_KEPT = 1000;
/** What is told of one payload. */
const MOST_ERRORS = 20;

/**
 * Checks a payload against what the type's workers published.
 *
 * @throws {InvalidRequestError} naming each part of the payload that does not fit.
 */
export function checkPayload(type: PublishedType, payload: unknown): void {
  const validate = type.payload && validatorOf(type.payload);
  if (!validate || validate(payload)) return;
  const errors = validate.errors ?? [];
  throw new InvalidRequestError(
    errors
      .filter((error) => !isSaidBetter(error, errors))
      .slice(0, MOST_ERRORS)
      .map((error) => ({ path: pathOf(error), message: messageOf(error) })),
  );
}

/** `undefined` for a schema that cannot be read here: the worker checks the payload all the same. */
function validatorOf(schema: Record<string, unknown>): ValidateFunction | undefined {
  const key = JSON.stringify(schema);
  if (!built.has(key)) {
    if (built.size >= MOST_KEPT) built.clear();
    built.set(key, build(schema));
  }
  return built.get(key);
}

function build(schema: Record<string, unknown>): ValidateFunction | undefined {
  try {
    // Not strict: zod writes formats that JSON Schema does not know. One for each schema, which may name itself as another does.
    const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false });
    formats.default(ajv);
    return ajv.compile(schema);
  } catch {
    return undefined;
  }
}

/** `payload`, and the names on the way to the part that is meant. */
function pathOf({ instancePath, params }: ErrorObject): string {
  const { missingProperty, additionalProperty } = params as Record<string, string | undefined>;
  const names = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = missingProperty ?? additionalProperty;
  return ['payload', ...names, ...(last === undefined ? [] : [last])].join('.');
}

function messageOf({ keyword, message = 'does not fit', params }: ErrorObject): string {
  if (keyword === 'required') return 'is missing';
  if (keyword === 'additionalProperties') return 'is not known';
  if (keyword === 'enum')
    return `must be one of ${JSON.stringify((params as { allowedValues: unknown }).allowedValues)}`;
  return message;
}

/** A pattern beside a format says the same in a way nobody can read, and a choice that nothing fits says nothing beside its parts. */
function isSaidBetter({ keyword, instancePath }: ErrorObject, all: readonly ErrorObject[]): boolean {
  if (keyword === 'pattern') {
    return all.some((other) => other.keyword === 'format' && other.instancePath === instancePath);
  }
  return keyword === 'anyOf' && all.some((other) => other.instancePath.startsWith(`${instancePath}/`));
}
