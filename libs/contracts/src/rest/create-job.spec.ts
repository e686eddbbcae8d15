import { createJobSchema } from './create-job.js';
import { isDeeperThan } from './depth.js';
import { REST_LIMITS } from './limits.js';

const isValid = (body: object) => createJobSchema.safeParse({ type: 'x', ...body }).success;

const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { a: value };
  return value;
};

describe('createJobSchema', () => {
  it.each([
    { id: 'a/b %2F ?#' },
    { id: 'søster 🐄' },
    { id: 'batch-7' },
    { id: 'oncecall' },
    { id: 'x'.repeat(REST_LIMITS.idLength) },
    { delay: REST_LIMITS.delayMs },
    { attempts: 100 },
    { timeout: 1 },
    { payload: nested(REST_LIMITS.payloadDepth) },
    { payload: '\ud800' },
  ])('accepts %j', (body) => {
    expect(isValid(body)).toBe(true);
  });

  it.each([
    { type: '' },
    { type: 'x'.repeat(201) },
    { type: 'a\nb' },
    { type: 7 },
    { id: '' },
    { id: 'x'.repeat(201) },
    { id: 'a\u0000b' },
    { id: '\ud800' },
    { id: '.' },
    { id: '..' },
    { id: 'stats' },
    { id: 'repeat:nightly:1' },
    { id: 'once-x' },
    { id: 'flow-once-x' },
    { id: 'batch-x-callback' },
    { id: 7 },
    { id: null },
    { delay: -1 },
    { delay: 0.5 },
    { delay: REST_LIMITS.delayMs + 1 },
    { delay: '5' },
    { attempts: 0 },
    { attempts: 101 },
    { timeout: 0 },
    { priority: 'High' },
    { priority: 1 },
    { priority: 'constructor' },
    { payload: nested(REST_LIMITS.payloadDepth + 1) },
  ])('refuses %j', (body) => {
    expect(isValid(body)).toBe(false);
  });
});

describe('isDeeperThan', () => {
  it('counts levels of objects and arrays', () => {
    expect(isDeeperThan(1, 0)).toBe(false);
    expect(isDeeperThan([], 0)).toBe(true);
    expect(isDeeperThan([{}], 2)).toBe(false);
    expect(isDeeperThan([{ a: [] }], 2)).toBe(true);
  });

  it('survives nesting that would exhaust the stack', () => {
    expect(isDeeperThan(nested(200_000), 100_000)).toBe(true);
  });
});
