/**
 * Runs `step` for 0 to `count` - 1, with at most `limit` of them under way at once.
 * @throws what the first step that failed threw
 */
export async function inFlight(count, limit, step) {
  let next = 0;
  const lane = async () => {
    while (next < count) await step(next++);
  };
  await Promise.all(Array.from({ length: Math.min(limit, count) }, lane));
}
