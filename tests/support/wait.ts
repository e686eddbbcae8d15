/** Waits this long. For tests of time itself; to wait for a state use `waitFor`. */
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface WaitOptions {
  /** How long to wait before giving up. */
  timeoutMs?: number;
  /** How often to ask. */
  everyMs?: number;
  /** What is waited for, for the error message. */
  what?: string;
}

/**
 * Asks `condition` until it returns something truthy, and returns that. An error it throws counts
 * as "not yet"; the last one is the cause of the timeout's error.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 45_000, everyMs = 10, what }: WaitOptions = {},
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (Date.now() >= deadline) {
      throw new Error(`not within ${timeoutMs} ms: ${what ?? condition.toString()}`, { cause });
    }
    await sleep(everyMs);
  }
}
