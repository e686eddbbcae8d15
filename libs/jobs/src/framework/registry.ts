import { Injectable } from '@nestjs/common';
import { DuplicateJobTypeError, InvalidJobHandlerError } from './errors.js';
import type { JobHandler, JobHandlerOptions } from './job-handler.js';

const MAX_TYPE_LENGTH = 200;

/** A job type and the code that runs it. */
export interface RegisteredHandler extends JobHandlerOptions {
  readonly handler: JobHandler;
}

/** The job types this process can run. Filled by discovery before the first job is claimed. */
@Injectable()
export class HandlerRegistry {
  private readonly byType = new Map<string, RegisteredHandler>();

  /**
   * Adds a handler.
   *
   * @throws {InvalidJobHandlerError} when it has no `run`, no usable type, or an impossible timeout.
   * @throws {DuplicateJobTypeError} when its type is taken.
   */
  register(options: JobHandlerOptions, handler: JobHandler): void {
    assertUsable(options, handler);
    const taken = this.byType.get(options.type);
    if (taken) throw new DuplicateJobTypeError(options.type, nameOf(taken.handler), nameOf(handler));
    this.byType.set(options.type, { ...options, handler });
  }

  /** The handler of a type; `undefined` when there is none here. */
  find(type: string): RegisteredHandler | undefined {
    return this.byType.get(type);
  }

  /** All types, in alphabetical order. */
  types(): string[] {
    return [...this.byType.keys()].sort();
  }
}

function assertUsable({ type, timeout }: JobHandlerOptions, handler: JobHandler): void {
  const refuse = (problem: string) => new InvalidJobHandlerError(nameOf(handler), problem);
  if (typeof type !== 'string' || type.trim() === '' || type.length > MAX_TYPE_LENGTH) {
    throw refuse(
      `has no usable type: write @JobHandler({ type: '...' }) with 1 to ${MAX_TYPE_LENGTH} characters`,
    );
  }
  if (typeof (handler as Partial<JobHandler>).run !== 'function') {
    throw refuse(`("${type}") has no run() method: add run(payload, context)`);
  }
  if (timeout !== undefined && !(timeout > 0)) {
    throw refuse(`("${type}") has a timeout of ${timeout} ms: make it greater than 0, or leave it out`);
  }
}

function nameOf(handler: JobHandler): string {
  return handler.constructor.name;
}
