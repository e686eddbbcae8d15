/** `<worker>:<number>`, as BullMQ's workers count their tokens. */
const COUNTED = /^(.*):(\d+)$/s;

/** @returns a token's worker and number, or undefined when it is not one that a worker counted. */
export function countedToken(token: string): { worker: string; number: number } | undefined {
  const [, worker = '', number] = COUNTED.exec(token) ?? [];
  return number === undefined ? undefined : { worker, number: Number(number) };
}
