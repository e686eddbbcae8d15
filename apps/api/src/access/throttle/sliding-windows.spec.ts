import { SlidingWindows } from './sliding-windows.js';

const MINUTE = 60_000;
const START = 1_000 * MINUTE;

/** Takes until it is refused. @returns how many were taken, and the seconds to wait. */
function exhaust(windows: SlidingWindows, limit: number, now: number) {
  for (let taken = 0; ; taken++) {
    const wait = windows.take('ci', limit, now);
    if (wait > 0) return { taken, wait };
    if (taken > 10 * limit) throw new Error('never refused');
  }
}

describe('SlidingWindows', () => {
  it('lets as many through as the limit says, and each caller as many', () => {
    const windows = new SlidingWindows();
    expect(exhaust(windows, 10, START).taken).toBe(10);
    expect(windows.take('other', 10, START)).toBe(0);
  });

  it.each([0, 1, 20_000, 30_000, 59_999])(
    'says at %i ms of a minute when the next request is let through',
    (offset) => {
      const windows = new SlidingWindows();
      const now = START + offset;
      const { wait } = exhaust(windows, 10, now);
      expect(windows.waitOf('ci', 10, now + (wait - 2) * 1000)).toBeGreaterThan(0);
      expect(windows.waitOf('ci', 10, now + wait * 1000)).toBe(0);
    },
  );

  it('never lets more than the limit through within a minute of its own choice', () => {
    const windows = new SlidingWindows();
    const times: number[] = [];
    for (let now = START; now < START + 5 * MINUTE; now += 500) {
      if (windows.take('ci', 20, now) === 0) times.push(now);
    }
    // The estimate of the minute before may be off by what came unevenly, never by a whole limit.
    for (const from of times)
      expect(times.filter((time) => time >= from && time < from + MINUTE).length).toBeLessThan(40);
    expect(times.length).toBeGreaterThanOrEqual(5 * 19);
  });

  it('does not count what it refused', () => {
    const windows = new SlidingWindows();
    const { wait } = exhaust(windows, 10, START);
    for (let n = 0; n < 1000; n++) windows.take('ci', 10, START + 1);
    expect(windows.waitOf('ci', 10, START)).toBe(wait);
  });

  it('forgets after two minutes', () => {
    const windows = new SlidingWindows();
    exhaust(windows, 10, START);
    expect(exhaust(windows, 10, START + 2 * MINUTE).taken).toBe(10);
  });

  it('counts what other processes have told', () => {
    const windows = new SlidingWindows();
    windows.count('ci', START);
    const [who, { minute, untold }] = windows.untold(10, START)[0]!;
    expect([who, untold]).toEqual(['ci', 1]);
    windows.count('ci', START); // while the others are asked
    windows.learn('ci', minute, untold, 8);
    expect(exhaust(windows, 10, START).taken).toBe(1);
    expect(windows.untold(10, START)[0]![1].untold).toBe(2);
  });

  it('is not misled by an answer about a minute that is over', () => {
    const windows = new SlidingWindows();
    windows.count('ci', START);
    const minute = START / MINUTE;
    windows.count('ci', START + 2 * MINUTE);
    windows.learn('ci', minute, 1, 1000);
    expect(windows.take('ci', 10, START + 2 * MINUTE)).toBe(0);
  });
});
