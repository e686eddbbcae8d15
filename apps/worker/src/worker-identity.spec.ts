import { workerId } from './worker-identity.js';

it('a worker is called what WORKER_ID says', () => {
  expect(workerId({ WORKER_ID: 'blue-1' })).toBe('blue-1');
});

it('a worker without WORKER_ID gets an id of its own', () => {
  expect(workerId({})).toMatch(new RegExp(`:${process.pid}:[0-9a-f]{6}$`));
  expect(workerId({})).not.toBe(workerId({ WORKER_ID: '' }));
});

it('a WORKER_ID that Redis would not take as a name is refused', () => {
  expect(() => workerId({ WORKER_ID: 'my worker' })).toThrow(
    /WORKER_ID: must be .* without spaces \(got "my worker"\)/,
  );
});
