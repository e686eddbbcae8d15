import { InvalidJobHandlerError } from '../errors.js';
import type { JobHandlerOptions } from './job-options.js';

/** Makes the error that refuses a handler for what is wrong with it. */
export type Refuse = (problem: string) => InvalidJobHandlerError;

export function refusal({ type }: JobHandlerOptions, handler: object): Refuse {
  return (problem) => new InvalidJobHandlerError(nameOf(handler), `("${String(type)}") ${problem}`);
}

/** Name of a handler's class, for messages. */
export function nameOf(handler: object): string {
  return handler.constructor.name;
}
