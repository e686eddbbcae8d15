/**
 * Whether a parsed JSON value has more than `limit` levels of objects and arrays (`1` has none, `[]` one).
 * Does not recurse, so that hostile nesting cannot exhaust the stack.
 */
export function isDeeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    const containers = level.filter((item) => typeof item === 'object' && item !== null) as object[];
    if (containers.length > 0 && depth >= limit) return true;
    level = containers.flatMap((container) => Object.values(container));
  }
  return false;
}
