import { findUnsafeNumber } from './unsafe-number.js';

const find = (json: string) => findUnsafeNumber(Buffer.from(json));

describe('findUnsafeNumber', () => {
  it.each([
    ['{"a":9007199254740993}', '9007199254740993'],
    ['[-9007199254740993]', '-9007199254740993'],
    ['[1,2,12345678901234567890]', '12345678901234567890'],
    ['[1e400]', '1e400'],
    ['9007199254740993', '9007199254740993'],
  ])('finds in %s the number that a double would change', (json, literal) => {
    expect(find(json)).toBe(literal);
  });

  it.each([
    '{"a":9007199254740991,"b":-9007199254740991}',
    '[18014398509481984, 1e300, 0.1, -0, 1E+2, 3.141592653589793]',
    '{"id":"9007199254740993"}',
    '["\\"9007199254740993", "\\\\", "é9007199254740993"]',
    '{"9007199254740993":1}',
    '',
    '"never closed 9007199254740993',
    '"ends with an escape \\',
    '[1--2, 1.2.3, -]',
  ])('leaves %s to the parser', (json) => {
    expect(find(json)).toBeUndefined();
  });

  it('reads a number of half a million digits without delay', () => {
    expect(find(`[${'9'.repeat(500_000)}]`)).toHaveLength(500_000);
  });
});
