import { retryAfter } from './retry-after.js';

const NOW = Date.UTC(2026, 10, 6, 8, 49, 0);

it.each([
  ['120', 120_000],
  ['0', 0],
  ['Fri, 06 Nov 2026 08:49:37 GMT', 37_000],
  ['Friday, 06-Nov-26 08:49:37 GMT', 37_000],
  ['Fri Nov  6 08:49:37 2026', 37_000],
  ['Fri, 06 Nov 2020 08:49:37 GMT', 0],
])('Retry-After: %s asks to wait %i ms', (text, ms) => {
  expect(retryAfter(text, NOW)).toBe(ms);
});

it.each([undefined, '', '-1', '1.5', '1e9', 'soon 12', 'may 5', ['1', '2'], 'Fri, 99 Nov 2026 08:49:37 GMT'])(
  'Retry-After: %j says nothing',
  (text) => {
    expect(retryAfter(text, NOW)).toBeUndefined();
  },
);
