import { ErrorLog } from './error-log.js';

function setUp() {
  const lines: string[] = [];
  return { lines, log: new ErrorLog({ error: (text: string) => lines.push(text) }) };
}

it('an error that repeats is logged once', () => {
  const { lines, log } = setUp();
  for (let at = 0; at < 1000; at++) log.report(new Error('wrong type of key'));
  log.report(new Error('something else'));
  expect(lines).toEqual(['wrong type of key', 'something else']);
});

it('an error that comes again after a minute is logged again', () => {
  jest.useFakeTimers();
  const { lines, log } = setUp();
  log.report(new Error('again'));
  jest.advanceTimersByTime(59_000);
  log.report(new Error('again'));
  jest.advanceTimersByTime(2_000);
  log.report(new Error('again'));
  jest.useRealTimers();
  expect(lines).toEqual(['again', 'again']);
});

it('errors of a lost connection are left to whoever watches the connection', () => {
  const { lines, log } = setUp();
  log.report(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
  log.report(new Error('Connection is closed.'));
  expect(lines).toEqual([]);
});
