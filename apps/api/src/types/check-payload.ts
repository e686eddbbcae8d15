import type { PublishedType } from '#libs/contracts';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { InvalidRequestError } from '../problems/api-errors.js';
import { payloadValidator } from './payload-validator.js';

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

function validatorOf(schema: Record<string, unknown>): ValidateFunction | undefined {
  const key = JSON.stringify(schema);
  if (!built.has(key)) {
    if (built.size >= MOST_KEPT) built.clear();
    built.set(key, payloadValidator(schema));
  }
  return built.get(key);
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

function messageOf({ keyword, message = 'does not fit', params, parentSchema }: ErrorObject): string {
  // A pattern beside a format says the same in a way nobody can read.
  const format = (parentSchema as { format?: unknown } | undefined)?.format;
  if (keyword === 'pattern' && typeof format === 'string') return `must match format "${format}"`;
  if (keyword === 'required') return 'is missing';
  if (keyword === 'additionalProperties') return 'is not known';
  if (keyword === 'enum')
    return `must be one of ${JSON.stringify((params as { allowedValues: unknown }).allowedValues)}`;
  return message;
}

/** A choice that nothing fits says nothing beside its parts. */
function isSaidBetter({ keyword, instancePath }: ErrorObject, all: readonly ErrorObject[]): boolean {
  return keyword === 'anyOf' && all.some((other) => other.instancePath.startsWith(`${instancePath}/`));
}
