import type { JobContext } from './context.js';

/** One job of a batch. */
export interface BatchItem<Payload = unknown> {
  readonly payload: Payload;
  /** As a single run would get it; its signal fires for this job alone. */
  readonly context: JobContext;
}

/** What became of one job of a batch. An error fails that job alone, as a throw of `run` would. */
export type BatchResult<Result = unknown> = { readonly result: Result } | { readonly error: Error };

/**
 * Runs the jobs of a batch side by side, each on its own: what `run` returns is the result of that job, what it throws fails that job
 * alone. A job that calls `flow()` in it waits for its children, and no other has to.
 */
export function eachItem<Payload, Result>(
  items: readonly BatchItem<Payload>[],
  run: (item: BatchItem<Payload>) => Promise<Result> | Result,
): Promise<BatchResults<Result>> {
  return Promise.all(
    items.map(async (item) => {
      try {
        return { result: await run(item) };
      } catch (error) {
        return { error: error instanceof Error ? error : new Error(String(error), { cause: error }) };
      }
    }),
  );
}

/** One {@link BatchResult} for each job, in the order of the items. */
export type BatchResults<Result = unknown> = readonly BatchResult<Result>[];
