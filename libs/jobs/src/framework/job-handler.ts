import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import type { JobContext } from './context.js';

/** Work of one job type: an injectable class decorated with {@link JobHandler}. */
export interface JobHandler<Payload = unknown, Result = unknown> {
  /**
   * Does the work of one job. Returning means the job is completed; throwing means it has failed
   * (and is tried again while attempts are left, unless a `PermanentJobError` is thrown).
   *
   * @param payload what the producer gave, checked by the type's schema if it has one. For a job of
   *   a legacy service: its whole document.
   * @param context the job's facts, its signal, and ways to report. Long work must obey `context.signal`.
   * @returns the job's result; must be JSON.
   */
  run(payload: Payload, context: JobContext): Promise<Result> | Result;
}

/** What is known of a job type besides its code. */
export interface JobHandlerOptions {
  /** Name producers use. 1 to 200 characters, unique among the handlers of a worker. */
  readonly type: string;
  /** One line for people. Default: none. */
  readonly description?: string;
  /** Milliseconds a run may take; a job's own `timeout` wins. Default: the worker's (5 minutes). */
  readonly timeout?: number;
  /** Schema of the payload, applied before `run`. A payload that does not fit fails the job for good. Default: anything goes. */
  readonly payload?: z.ZodType;
}

const OPTIONS = Symbol('drover:job-handler');

/**
 * Makes a class the handler of a job type. It becomes injectable, and a worker finds it wherever it
 * is a provider; nothing else needs registering.
 */
export function JobHandler(options: JobHandlerOptions): ClassDecorator {
  return (target) => {
    Injectable()(target);
    Reflect.defineMetadata(OPTIONS, options, target);
  };
}

/** The options a class was decorated with; `undefined` when it is no handler. A subclass does not inherit them. */
export function jobHandlerOptions(target: object): JobHandlerOptions | undefined {
  return Reflect.getOwnMetadata(OPTIONS, target) as JobHandlerOptions | undefined;
}
