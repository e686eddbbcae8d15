/** How much larger each bucket's end is than the one before; `includes/typeMetrics.lua` counts by the same number. */
const GROWTH = 1.1;

/** How many values fell into each bucket, by its number: 0 holds 0, n > 0 those up to `1.1 ** (n - 1)`. */
export type Buckets = ReadonlyMap<number, number>;

/** The value that stands for all of a bucket: no value in it is further away than 4.8 % of itself. */
function valueOf(bucket: number): number {
  return bucket === 0 ? 0 : (2 * GROWTH ** (bucket - 1)) / (1 + GROWTH);
}

/**
 * Quantiles of whole numbers that were counted in buckets.
 *
 * @param quantiles from 0 to 1, ascending.
 * @param range the smallest and the largest value, which are known exactly: nothing beyond them is given.
 * @returns whole numbers, each at most 5 % (or a half) away from the value that has this rank.
 */
export function quantilesOf(
  buckets: Buckets,
  quantiles: readonly number[],
  range: { min: number; max: number },
): number[] {
  const ascending = [...buckets].sort(([a], [b]) => a - b);
  const total = ascending.reduce((sum, [, count]) => sum + count, 0);
  return quantiles.map((quantile) => {
    const rank = Math.max(1, Math.ceil(quantile * total));
    let seen = 0;
    const [bucket = 0] = ascending.find(([, count]) => (seen += count) >= rank) ?? [];
    return Math.min(range.max, Math.max(range.min, Math.round(valueOf(bucket))));
  });
}
