import type { JobContext } from './context.js';

/** One job of a batch. */
export interface BatchItem<Payload = unknown> {
  readonly payload: Payload;
  /** As a single run would get it; its signal fires for this job alone. */
  readonly context: JobContext;
}

/** What became of one job of a batch. An error fails that job alone, as a throw of `run` would. */
export type BatchResult<Result = unknown> = { readonly result: Result } | { readonly error: Error };

/** One {@link BatchResult} for each job, in the order of the items. */
export type BatchResults<Result = unknown> = readonly BatchResult<Result>[];
