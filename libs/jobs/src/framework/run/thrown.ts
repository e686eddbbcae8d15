/** What was thrown, as an error: handlers may throw anything. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`handler threw ${String(thrown)}`);
}

export const messageOf = (thrown: unknown): string => toError(thrown).message;
