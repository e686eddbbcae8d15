import { Injectable, StandardSchemaValidationPipe } from '@nestjs/common';
import type { FieldError } from '#libs/contracts';
import { InvalidRequestError } from './api-errors.js';

/** Entries of `errors` in a problem document; a hostile body could have hundreds of thousands. */
const MAX_ERRORS = 50;
/** Characters of a field name of the caller that is repeated in an error. */
const MAX_NAME_LENGTH = 100;

/** What zod and the Standard Schema specification say about one fault. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  readonly code?: string | undefined;
  readonly keys?: readonly string[];
}

/**
 * Validates what a handler declares with `@Body({ schema })` or `@Query({ schema })`.
 *
 * @throws {InvalidRequestError} naming each field that is wrong.
 */
@Injectable()
export class ValidationPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({ exceptionFactory: (issues) => new InvalidRequestError(fieldErrors(issues)) });
  }

  /**
   * Nest would delete keys called `constructor` or `__proto__` from the caller's payload. A payload
   * is data that nobody merges into an object of ours: it must arrive as it was sent.
   */
  protected override stripProtoKeys(): void {
    // Nothing to strip.
  }
}

/** One entry for each wrong field; for an unknown field its path is the field itself. At most 50. */
export function fieldErrors(issues: readonly SchemaIssue[]): FieldError[] {
  const errors: FieldError[] = [];
  for (const issue of issues) {
    const parent = (issue.path ?? []).map(segmentName);
    const found =
      issue.code === 'unrecognized_keys' ? unknownFields(issue, parent) : [fault(issue.message, parent)];
    errors.push(...found.slice(0, MAX_ERRORS - errors.length));
    if (errors.length >= MAX_ERRORS) break;
  }
  return errors;
}

function unknownFields(issue: SchemaIssue, parent: readonly string[]): FieldError[] {
  return (issue.keys ?? []).slice(0, MAX_ERRORS).map((key) => fault('unknown field', [...parent, key]));
}

function fault(message: string, path: readonly string[]): FieldError {
  return { path: path.map((name) => name.slice(0, MAX_NAME_LENGTH)).join('.'), message };
}

function segmentName(segment: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof segment === 'object' ? segment.key : segment);
}
