import { healthOf, type HealthFacts } from './type-health.js';

const HOUR = 3_600_000;
const NOON = Date.parse('2030-01-02T12:00:00Z');

const facts = (given: Partial<HealthFacts>): HealthFacts => ({
  since: NOON - 100 * HOUR,
  now: NOON,
  ...given,
});
const recent = (runs: number, failed: number) => ({ recent: { runs, failed }, lastRun: NOON, running: 0 });

describe('a type', () => {
  it.each([
    ['nothing is known of', undefined, 'ok'],
    ['all of nine runs failed of', recent(9, 9), 'ok'],
    ['half of ten runs failed of', recent(10, 5), 'ok'],
    ['more than half of ten runs failed of', recent(10, 6), 'failing'],
    ['half of twenty failed of', recent(20, 10), 'ok'],
    ['more than half of twenty failed of', recent(20, 11), 'failing'],
  ] as const)('that %s', (_, metrics, verdict) => {
    expect(healthOf(facts({ metrics }))).toBe(verdict);
  });
});

describe('a type with a schedule', () => {
  const ran = (hoursAgo: number, running = 0) => ({
    recent: { runs: 1, failed: 0 },
    lastRun: NOON - hoursAgo * HOUR,
    running,
  });
  const hourly = { every: HOUR, overlap: 'skip' } as const;
  // Nine in the morning in Berlin is eight by UTC.
  const atNine = { cron: '0 9 * * *', timeZone: 'Europe/Berlin', overlap: 'skip' } as const;

  it.each([
    ['an hourly one that ran just now', { metrics: ran(0), schedule: hourly }, 'ok'],
    [
      'an hourly one that has been due for less than two hours',
      { metrics: ran(2.9), schedule: hourly },
      'ok',
    ],
    ['an hourly one that has been due for two hours', { metrics: ran(3), schedule: hourly }, 'silent'],
    ['one that is switched off', { metrics: ran(3), schedule: hourly, enabled: false }, 'ok'],
    ['one that runs now', { metrics: ran(3, 1), schedule: hourly }, 'ok'],
    ['one that never ran', { schedule: hourly }, 'silent'],
    ['one that never ran and is new', { schedule: hourly, since: NOON - HOUR }, 'ok'],
    ['a daily one that ran this morning', { metrics: ran(3.9), schedule: atNine }, 'ok'],
    ['a daily one that did not run this morning', { metrics: ran(4.1), schedule: atNine }, 'silent'],
    [
      'a daily one whose time is yet to come',
      { metrics: ran(20), schedule: atNine, now: NOON - 5 * HOUR },
      'ok',
    ],
    [
      'one whose schedule nobody can read',
      { metrics: ran(50), schedule: { cron: 'at night', overlap: 'skip' } },
      'ok',
    ],
  ] as const)('%s', (_, given, verdict) => {
    expect(healthOf(facts(given))).toBe(verdict);
  });
});
