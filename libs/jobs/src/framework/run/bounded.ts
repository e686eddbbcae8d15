/** What work came to that nobody waits for without end: its value, or why it was not waited for. */
export type Bounded<T> = { readonly value: T } | 'late' | 'stopped';

/**
 * Waits for work until it is done, `ms` are over or `signal` fires. Work that is not waited for any longer goes on
 * unobserved; what it throws then is dropped.
 *
 * @returns `late` after `ms`, `stopped` when the signal fired; work is not begun under one that has fired already.
 * Rejects with what the work throws in time.
 */
export async function within<T>(
  ms: number,
  signal: AbortSignal,
  work: () => T | Promise<T>,
): Promise<Bounded<T>> {
  if (signal.aborted) return 'stopped';
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      (async () => ({ value: await work() }))(),
      new Promise<'late'>((resolve) => (timer = setTimeout(resolve, ms, 'late'))),
      new Promise<'stopped'>((resolve) => {
        signal.addEventListener('abort', () => resolve('stopped'), { once: true, signal: over.signal });
      }),
    ]);
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}
