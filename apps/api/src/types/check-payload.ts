import type { LiveType } from '#libs/contracts';
import { fitsSchema, validatorOf } from '#libs/queue';
import type { ErrorObject } from 'ajv/dist/2020.js';
import { InvalidRequestError } from '../problems/api-errors.js';

/** What is told of one payload. */
const MOST_ERRORS = 20;

/**
 * Checks a payload against what the type's workers published: it has to fit one of the versions that they run.
 *
 * @throws {InvalidRequestError} naming each part of the payload that does not fit the newest version.
 */
export function checkPayload(type: LiveType, payload: unknown): void {
  if (type.versions.some((version) => fitsSchema(version.payload, payload))) return;
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
