import { Injectable } from '@nestjs/common';
import type { BatchItem, BatchResults } from './batch.js';
import type { JobContext, JobInfo } from './context.js';
import type { JobHandlerOptions } from './job-options.js';
import type { Outcome } from '../run/outcome.js';

/**
 * Work of one job type: an injectable class decorated with {@link JobHandler}. Only `run` is needed
 * (or `runBatch`, for a type with `batch`); the runner calls the other methods where a class has them.
 */
export interface JobHandler<Payload = unknown, Result = unknown, State = unknown> {
  /**
   * Does the work of one job. Returning means the job is completed; throwing means it has failed
   * (and is tried again while attempts are left, unless a `PermanentJobError` is thrown).
   *
   * @param payload what the producer gave, checked by the type's schema if it has one. For a job of
   *   a legacy service: its whole document.
   * @param context the job's facts, its signal, and ways to report. Long work must obey `context.signal`.
   * @returns the job's result; must be JSON.
   */
  run(payload: Payload, context: JobContext<State>): Promise<Result> | Result;

  /**
   * Refuses a payload for reasons a schema cannot express, before anything is done and before the cache is asked: it may
   * say who is to have a result. What it throws fails the job for good.
   */
  validate?(payload: Payload, context: JobContext<State>): Promise<void> | void;

  /** Makes ready what `run` needs. What it throws fails the attempt, as a throw of `run` would. */
  prepare?(payload: Payload, context: JobContext<State>): Promise<void> | void;

  /**
   * Called at the end of every run that got as far as `validate`, however it ended, also after a
   * timeout or a cancel, and when the cache had the result. Waited for up to `JOB_GRACE_SECONDS`, half a second when the
   * worker stops. What it throws is logged and changes nothing.
   */
  cleanUp?(payload: Payload, context: JobContext<State>, outcome: Outcome): Promise<void> | void;

  /**
   * Whether what `prepare` or `run` threw may be tried again. Not asked for a `PermanentJobError` or a `RetryLaterError`.
   * Default: yes, also where it throws or does not answer within `JOB_GRACE_SECONDS`.
   */
  isRetryable?(error: Error, job: JobInfo): Promise<boolean> | boolean;

  /**
   * Told when a job of this type has failed for good, after the store knows it. At least once by the
   * worker that saw it; not at all when that worker died at that moment. Waited for up to `JOB_GRACE_SECONDS`, also by a
   * worker that stops. What it throws is logged.
   */
  onDeadLetter?(letter: DeadLetter<Payload>): Promise<void> | void;
}

/** Work of a type with `batch`: one call does many jobs. */
export interface BatchJobHandler<Payload = unknown, Result = unknown> {
  /**
   * Does the work of several jobs. Each succeeds or fails on its own, by {@link BatchResults}; throwing
   * fails all of them. Called with up to `batch.size` jobs, fewer when no more came within `batch.maxWait`
   * or when the worker has fewer places.
   */
  runBatch(items: readonly BatchItem<Payload>[]): Promise<BatchResults<Result>> | BatchResults<Result>;
}

/** A job that failed for good. */
export interface DeadLetter<Payload = unknown> {
  readonly job: JobInfo;
  readonly payload: Payload;
  /** What was kept of the last error: message, name, `code` (`ERROR` where it had none) and stack. */
  readonly error: Error & { readonly code?: string };
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

/** Whether a class was decorated by another copy of this file, which two installations in one process would be. */
export function isForeignHandler(target: object): boolean {
  return Reflect.getOwnMetadataKeys(target).some(
    (key) => typeof key === 'symbol' && key !== OPTIONS && key.description === OPTIONS.description,
  );
}
