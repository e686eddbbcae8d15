import { loadSettings } from '#libs/contracts';
import { workerId } from './worker-identity.js';

const idFrom = (env: Record<string, string>) => workerId(loadSettings(env));

it('a worker is called what WORKER_ID says', () => {
  expect(idFrom({ WORKER_ID: 'blue-1' })).toBe('blue-1');
});

it('a worker without WORKER_ID gets an id of its own', () => {
  expect(idFrom({})).toMatch(new RegExp(`:${process.pid}:[0-9a-f]{6}$`));
  expect(idFrom({})).not.toBe(idFrom({ WORKER_ID: '' }));
});

it('a WORKER_ID that Redis would not take as a name is refused', () => {
  expect(() => idFrom({ WORKER_ID: 'my worker' })).toThrow(
    /WORKER_ID: must be .* without spaces \(got "my worker"\)/,
  );
});
