/** Priorities by name; the numbers are the contract's (higher runs first). */
export const PRIORITIES = { low: 0, normal: 1, high: 2 } as const;

export type PriorityName = keyof typeof PRIORITIES;

/**
 * The contract priority of a BullMQ job that asks for none: above `high`, because BullMQ runs jobs
 * without a priority before all prioritised ones.
 */
export const UNPRIORITISED = 3;

/**
 * Contract priority of a BullMQ priority.
 *
 * @param priority BullMQ's: 0 = none (runs first), 1 = most urgent, growing = less urgent.
 * @returns 3 for none, else `3 - priority` (2 high, 1 normal, 0 low, below: lower still).
 */
export function contractPriority(priority: number): number {
  return priority === 0 ? UNPRIORITISED : UNPRIORITISED - priority;
}

/**
 * BullMQ priority of a contract priority; the inverse of {@link contractPriority}.
 *
 * @returns 0 for 3 and above (BullMQ has nothing more urgent than "none").
 */
export function bullPriority(priority: number): number {
  return priority >= UNPRIORITISED ? 0 : UNPRIORITISED - priority;
}

/** Name of a contract priority's band: `high` from 2 up, `low` from 0 down. */
export function priorityName(priority: number): PriorityName {
  if (priority >= PRIORITIES.high) return 'high';
  return priority >= PRIORITIES.normal ? 'normal' : 'low';
}
