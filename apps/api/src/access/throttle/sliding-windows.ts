const MINUTE_MS = 60_000;

/** Who is counted at most; who was counted first goes first. */
const MOST_COUNTED = 10_000;

/** What one caller has done in this minute and the one before. */
export interface Window {
  minute: number;
  current: number;
  previous: number;
  /** Part of `current` that other processes have not been told. */
  untold: number;
}

/**
 * Counts requests by caller over the last 60 seconds: those of this minute, and of the minute before as large a part
 * as still lies within 60 seconds. Refused requests do not count, so that nobody is kept out for ever by asking.
 */
export class SlidingWindows {
  private readonly windows = new Map<string, Window>();

  /** Counts one request. @returns seconds to wait: 0 = it may be done, and is counted. */
  take(who: string, limit: number, now = Date.now()): number {
    const wait = this.waitOf(who, limit, now);
    if (wait === 0) this.count(who, now);
    return wait;
  }

  count(who: string, now = Date.now()): void {
    const window = this.at(who, now);
    window.current++;
    window.untold++;
  }

  /** Seconds until a request would be below the limit; 0 = now. */
  waitOf(who: string, limit: number, now = Date.now()): number {
    const known = this.windows.get(who);
    if (!known) return 0;
    roll(known, minuteOf(now));
    return secondsUntilBelow(known, limit, now);
  }

  /** Those that other processes have to be told about, at most so many. */
  untold(most: number, now = Date.now()): [string, Window][] {
    const found: [string, Window][] = [];
    for (const [who, window] of this.windows) {
      roll(window, minuteOf(now));
      if (window.untold > 0) found.push([who, window]);
      if (found.length >= most) break;
    }
    return found;
  }

  /**
   * Takes over what all processes have counted together.
   *
   * @param told how many of this process's own are in `total`.
   */
  learn(who: string, minute: number, told: number, total: number): void {
    const window = this.windows.get(who);
    if (!window || window.minute !== minute) return;
    window.untold -= told;
    window.current = total + window.untold;
  }

  private at(who: string, now: number): Window {
    const minute = minuteOf(now);
    const known = this.windows.get(who);
    if (known) {
      roll(known, minute);
      return known;
    }
    const window = { minute, current: 0, previous: 0, untold: 0 };
    this.windows.set(who, window);
    const [oldest] = this.windows.keys();
    if (this.windows.size > MOST_COUNTED && oldest !== undefined) this.windows.delete(oldest);
    return window;
  }
}

const minuteOf = (now: number) => Math.floor(now / MINUTE_MS);

function roll(window: Window, minute: number): void {
  if (minute <= window.minute) return;
  window.previous = minute === window.minute + 1 ? window.current : 0;
  window.current = 0;
  window.untold = 0;
  window.minute = minute;
}

function secondsUntilBelow({ current, previous }: Window, limit: number, now: number): number {
  const passed = (now % MINUTE_MS) / MINUTE_MS;
  if (current + previous * (1 - passed) < limit) return 0;
  // Within this minute, when enough of the one before has passed; else in the next, when this one is "before".
  const minutes =
    current < limit
      ? 1 - (limit - current) / previous - passed
      : 1 - passed + Math.max(0, 1 - limit / current);
  return Math.max(1, Math.ceil((minutes * MINUTE_MS + 1) / 1000));
}
