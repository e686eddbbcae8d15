import type { EventEmitter } from 'node:events';

/** How long a signal may take before the test fails and says what did not come. */
const LIMIT_MS = 60_000;

/** Something that happens once: opened by one side, waited for by the other. */
export interface Gate<T = void> {
  readonly opened: Promise<T>;
  open(value: T): void;
}

export function gate<T = void>(): Gate<T> {
  let open!: (value: T) => void;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { opened, open };
}

/** Waits for `promise`; an error that names `what` when it takes too long. */
export async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${LIMIT_MS} ms: ${what}`)), LIMIT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The arguments of the next event for which `matches` holds. Listens from the call on.
 *
 * @throws after {@link LIMIT_MS}, with the name of the event.
 */
export function next<Args extends unknown[]>(
  emitter: unknown,
  event: string,
  matches: (...args: Args) => boolean = () => true,
): Promise<Args> {
  return all<Args>(emitter, event, 1, matches).then(([only]) => only as Args);
}

/** The arguments of the next `count` events for which `matches` holds, in order. */
export function all<Args extends unknown[]>(
  emitter: unknown,
  event: string,
  count: number,
  matches: (...args: Args) => boolean = () => true,
): Promise<Args[]> {
  const { opened, open } = gate<Args[]>();
  const seen: Args[] = [];
  const listener = (...args: unknown[]) => {
    if (!matches(...(args as Args))) return;
    seen.push(args as Args);
    if (seen.length === count) open(seen);
  };
  const source = emitter as EventEmitter;
  source.on(event, listener);
  return inTime(opened, `${count} × ${event}`).finally(() => source.off(event, listener));
}

/** Collects values and lets others wait for the n-th. */
export class Collected<T> {
  readonly values: T[] = [];
  private readonly waiting: { holds: (values: readonly T[]) => boolean; open: () => void }[] = [];

  add(value: T): void {
    this.values.push(value);
    for (const one of this.waiting) if (one.holds(this.values)) one.open();
  }

  /** Resolves with all values once `count` of them came. */
  reach(count: number): Promise<T[]> {
    return this.until((values) => values.length >= count, `${count} values`);
  }

  /** Resolves with all values once `holds` does; it is asked after every value. */
  async until(holds: (values: readonly T[]) => boolean, what: string): Promise<T[]> {
    if (!holds(this.values)) {
      const { opened, open } = gate();
      this.waiting.push({ holds, open });
      await inTime(opened, `${what} (came: ${JSON.stringify(this.values).slice(0, 500)})`);
    }
    return [...this.values];
  }
}
