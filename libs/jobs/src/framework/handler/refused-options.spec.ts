// Handlers that a worker refuses to start with: what is wrong, and what the message says.
import { TYPE_DEFAULTS } from '#libs/contracts';
import { z } from 'zod';
import { HandlerRegistry } from '../discovery/registry.js';
import type { JobHandlerOptions } from './job-options.js';
import { JobType } from './job-type.js';

const handler = { run: () => 1, runBatch: () => [] };
const typeOf = (options: object, methods: object = handler) =>
  new JobType({ type: 'test', ...options } as JobHandlerOptions, methods as never, TYPE_DEFAULTS);

describe('refused with what to change:', () => {
  it.each<[string, object, RegExp]>([
    ['no attempts', { attempts: 0 }, /settings that cannot be used: attempts/],
    ['an unknown priority', { priority: 'urgent' }, /priority/],
    [
      'a timeout above the longest',
      { timeout: '8d' },
      /timeout: must be milliseconds .* from 1 ms to 604800000 ms/,
    ],
    ['a name that is none', { name: ' ' }, /options that cannot be used: name: /],
    ['a version that is a number', { version: 2 }, /has the version 2: write one of semver/],
    ['a version with a letter before it', { version: 'v1.2.0' }, /write one of semver/],
    ['a version that is none of semver', { version: '1.2' }, /version "1\.2": write one of semver/],
    ['a queue that is a number', { queue: 2 }, /queue: .*expected string/],
    [
      'a queue that is no name',
      { queue: 'go video' },
      /queue that cannot be used \("go video"\): must not be/,
    ],
    ['a queue of the health keys', { queue: 'worker' }, /must not be "worker"/],
    ['idempotent as a text', { idempotent: 'no' }, /idempotent: .*expected boolean/],
    ['dependsOn as a text', { dependsOn: 'other' }, /dependsOn: .*expected array/],
    ['a payload that is no schema', { payload: { to: 'string' } }, /payload: must be a schema of zod 4/],
    ['a result that is no schema', { result: String }, /result: must be a schema of zod 4/],
    ['a variable that is no name', { requires: { environment: ['NOT OK'] } }, /"NOT OK", which is no name/],
    [
      'a service that is not there yet',
      { requires: { services: [undefined] } },
      /requires\.services\.0: is undefined: does its file import this one\?/,
    ],
    ['an example without a title', { examples: [{ payload: {} }] }, /examples\.0\.title: /],
    ['a batch of nothing', { batch: { size: 0 } }, /batch that cannot be used: size/],
    ['a batch above the largest', { batch: { size: 1001 } }, /batch that cannot be used: size/],
    [
      'a batch that waits as long as its jobs may take',
      { batch: { size: 2, maxWait: '5s' }, timeout: '5s' },
      /batch\.maxWait \(5000 ms\) must be below timeout \(5000 ms\).*lower batch\.maxWait or raise timeout/,
    ],
    [
      'a batch that waits longer than the default timeout',
      { batch: { size: 2, maxWait: '1h' } },
      /must be below timeout \(300000 ms\)/,
    ],
    [
      'a schedule of two kinds',
      { schedule: { every: '1h', cron: '* * * * *' } },
      /needs either every or cron/,
    ],
    ['a schedule of none', { schedule: {} }, /needs either every or cron/],
    ['a schedule that is too quick', { schedule: { every: 999 } }, /every: must be milliseconds/],
    [
      'a cron expression that is none',
      { schedule: { cron: 'every monday' } },
      /cron: must be a cron expression/,
    ],
    ['a cron expression of seven fields', { schedule: { cron: '* * * * * * *' } }, /cron: must be a cron/],
    [
      'a cron expression of random times',
      { schedule: { cron: 'H H(0-5) * * *' } },
      /cron: must be .* without H/,
    ],
    [
      'a cron expression of a random step',
      { schedule: { cron: 'H/15 * * * *' } },
      /cron: must be .* without H/,
    ],
    ['a type with white space at its ends', { type: ' o.x ' }, /no usable type: .* white space at its ends/],
    ['a type of two lines', { type: 'a\nb' }, /no usable type: .* without control characters/],
    ['a type that is empty', { type: '' }, /no usable type/],
    ['a cron expression that never comes', { schedule: { cron: '0 0 31 4,6 *' } }, /cron: never comes/],
    [
      'a time zone that is none',
      { schedule: { cron: '0 7 * * *', timeZone: 'Berlin' } },
      /timeZone: must be an IANA/,
    ],
    [
      'a time zone without cron',
      { schedule: { every: '1h', timeZone: 'Europe/Berlin' } },
      /timeZone: goes with cron/,
    ],
    [
      'a cache that outlasts the interval of a schedule',
      { cache: '1h', schedule: { every: '30m' } },
      /cache \(3600000 ms\) must be below schedule\.every \(1800000 ms\)/,
    ],
    [
      'a cache that outlasts the shortest time between runs of a schedule',
      { cache: '1h', schedule: { cron: '0 9,10 * * 1-5', timeZone: 'Europe/Berlin' } },
      /cache \(3600000 ms\) must be below the shortest time between runs of schedule\.cron \(3600000 ms\)/,
    ],
    [
      'a backoff that begins above its maximum',
      { backoff: { base: '2h' } },
      /backoff\.base \(7200000 ms\) is above backoff\.max \(3600000 ms\): lower backoff\.base or raise/,
    ],
  ])('%s', (_, options, message) => {
    expect(() => typeOf(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_JOB_HANDLER', message: expect.stringMatching(message) }),
    );
  });

  it.each<[string, object, object, RegExp]>([
    ['a batch without runBatch', { batch: { size: 2 } }, { run: () => 1 }, /no runBatch\(\) method/],
    ['runBatch without a batch', {}, { runBatch: () => [] }, /has runBatch\(\) but no batch: add batch/],
    ['neither', {}, {}, /no run\(\) method/],
    ['a method that is none', {}, { run: () => 1, validate: true }, /has a validate that is no method/],
  ])('%s', (_, options, methods, message) => {
    expect(() => typeOf(options, methods)).toThrow(message);
  });
});

describe('checked when the worker starts, and refused with what to change:', () => {
  const needsTo = z.object({ to: z.string() });

  it.each<[string, object, RegExp]>([
    [
      'an example that does not fit',
      { payload: needsTo, examples: [{ title: 'x', payload: {} }] },
      /example \("x"\) that does not fit its payload schema: to/,
    ],
    [
      'an example that is no JSON',
      { examples: [{ title: 'x', payload: 1n }] },
      /example \("x"\) that is no JSON/,
    ],
    [
      "a schedule's payload that does not fit",
      { payload: needsTo, schedule: { every: '1h', payload: { to: 5 } } },
      /schedule\.payload that does not fit its payload schema: to/,
    ],
    [
      'a schedule without the payload that is needed',
      { payload: needsTo, schedule: { every: '1h' } },
      /schedule\.payload that does not fit its payload schema: to/,
    ],
  ])('%s', async (_, options, message) => {
    await expect(typeOf(options).check()).rejects.toThrow(message);
  });

  it.each<[string, z.ZodType, RegExp]>([
    ['does not fit', z.unknown().refine(async () => false, 'no such list'), /does not fit .*: no such list/],
    [
      'cannot be checked',
      z.unknown().refine(() => Promise.reject(new Error('directory away'))),
      /schedule\.payload that its payload schema cannot check: directory away/,
    ],
  ])('a payload that %s, as a schema says that answers later', async (_, payload, message) => {
    const type = typeOf({ payload, schedule: { every: '1h' } });
    await expect(type.check()).rejects.toThrow(message);
  });

  it('settings that the environment has made impossible', async () => {
    const type = typeOf({ batch: { size: 2, maxWait: '1s' } });
    await type.check();
    type.overrideByEnvironment({ timeout: 500 });
    await expect(type.check()).rejects.toThrow(
      /cannot work as it is set: batch\.maxWait \(1000 ms\) must be below/,
    );
  });
});

it('what goes together is taken', () => {
  const registry = new HandlerRegistry();
  const options: JobHandlerOptions[] = [
    { type: 'a', batch: { size: 10, maxWait: '4s' }, timeout: '5s', concurrency: 10 },
    { type: 'b', cache: '29m', schedule: { every: '30m' } },
    { type: 'c', deadLetters: false, retention: { failed: '1d', completed: '1h' } },
    { type: 'd', schedule: { cron: '0 0 29 2 *', timeZone: 'Europe/Berlin' }, cache: '1h' },
    { type: 'e', schedule: { every: '1h', payload: { to: 'a' } }, payload: z.object({ to: z.string() }) },
    { type: 'g', cache: '59m', schedule: { cron: '0 9,10 * * 1-5', timeZone: 'Europe/Berlin' } },
    { type: 'g h', schedule: { cron: '0 7 * MAR THU' } },
    { type: 'f', backoff: { base: '2h', max: '3h' } },
  ];
  for (const each of options) registry.register(each, handler);
  expect(registry.types()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'g h']);
});

describe('taken, with a word of advice:', () => {
  it.each<[string, object, RegExp]>([
    [
      'a batch larger than the runs at once of a process',
      { batch: { size: 10 }, concurrency: 5 },
      /a batch of 10 is never full with a concurrency of 5: lower batch\.size or raise concurrency/,
    ],
    [
      'a batch larger than the runs at once of all',
      { batch: { size: 10 }, concurrency: { perProcess: 20, global: 4 } },
      /a batch of 10 is never full with a concurrency of 4/,
    ],
    [
      'a time for dead letters where there are none',
      { deadLetters: false, retention: { dead: '1d' } },
      /retention\.dead has no effect with deadLetters: false: use retention\.failed/,
    ],
    [
      'a time for failed jobs that are dead letters',
      { retention: { failed: '1d' } },
      /retention\.failed has no effect while failed jobs are dead letters: use retention\.dead/,
    ],
  ])('%s', (_, options, advice) => {
    expect(typeOf(options).advice).toEqual([expect.stringMatching(advice)]);
  });

  it('a handler of which everything has an effect, without one', () => {
    const options = { batch: { size: 5 }, concurrency: 5, retention: { dead: '1d' } };
    expect(typeOf(options).advice).toEqual([]);
  });
});
