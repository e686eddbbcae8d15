export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Asks `check` until it returns something truthy, and returns that.
 * @returns undefined when the time is over. An error that `check` throws ends the waiting.
 */
export async function pollUntil(check, { timeoutMs, everyMs = 50 }) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() >= deadline) return undefined;
    await sleep(everyMs);
  }
}
