import type { ValidateFunction } from 'ajv/dist/2020.js';
import { payloadValidator } from './payload-validator.js';

/** Validators that were built, by the JSON of their schema; a worker that starts anew publishes the same ones. */
const built = new Map<string, ValidateFunction | undefined>();
const MOST_KEPT = 1000;

/**
 * The validator of a published JSON Schema; its `errors` are those of its last call.
 *
 * @returns `undefined` for a schema that cannot be read here: the worker checks the payload all the same.
 */
export function validatorOf(schema: Record<string, unknown>): ValidateFunction | undefined {
  const key = JSON.stringify(schema);
  if (!built.has(key)) {
    if (built.size >= MOST_KEPT) built.clear();
    built.set(key, payloadValidator(schema));
  }
  return built.get(key);
}

/** Whether a payload fits a published JSON Schema, as far as that says; none, or one that cannot be read, takes anything. */
export function fitsSchema(schema: Record<string, unknown> | undefined, payload: unknown): boolean {
  const validate = schema && validatorOf(schema);
  return !validate || validate(payload);
}
