import { TYPE_DEFAULTS } from '#libs/contracts';
import { z } from 'zod';
import type { JobHandlerOptions } from './job-options.js';
import { JobType } from './job-type.js';
import { publishedType } from './published.js';

const handler = { run: () => 1, runBatch: () => [] };
const typeOf = (options: Partial<JobHandlerOptions> = {}) =>
  new JobType({ type: 'test', ...options }, handler, TYPE_DEFAULTS);

it('has the documented defaults', () => {
  expect(typeOf().settings).toEqual({
    enabled: true,
    priority: 'normal',
    attempts: 3,
    backoff: { base: 2000, factor: 2, max: 3_600_000, jitter: 0.2 },
    timeout: 300_000,
    concurrency: { perProcess: null, global: null },
    deadLetters: true,
    cache: null,
    retention: { completed: null, failed: null, dead: 14 * 86_400_000 },
  });
});

it('takes texts for times, and a number for the concurrency of a process', () => {
  const { settings } = typeOf({ timeout: '30s', cache: '1.5h', concurrency: 2, backoff: { max: '1m' } });
  expect(settings).toMatchObject({
    timeout: 30_000,
    cache: 5_400_000,
    concurrency: { perProcess: 2, global: null },
    backoff: { base: 2000, max: 60_000 },
  });
});

it('run-time settings beat the environment, which beats the code; groups merge field by field', () => {
  const type = typeOf({ attempts: 2, backoff: { base: 100 } });
  type.overrideByEnvironment({ attempts: 5, backoff: { factor: 3 } });
  type.overrideAtRunTime({ attempts: 7 });
  expect(type.settings).toMatchObject({ attempts: 7, backoff: { base: 100, factor: 3 } });
  type.overrideAtRunTime({});
  expect(type.settings.attempts).toBe(5);
});

it('run-time settings that do not go together with the others are all ignored, and what is wrong is said', () => {
  const type = typeOf({ batch: { size: 2, maxWait: 300 } });
  type.overrideByEnvironment({ timeout: 500 });
  expect(type.overrideAtRunTime({ timeout: 100, attempts: 9 })).toEqual([
    expect.stringMatching(/^batch\.maxWait \(300 ms\) must be below timeout \(100 ms\)/),
  ]);
  expect(type.settings).toMatchObject({ timeout: 500, attempts: 3 });
  expect(type.overrideAtRunTime({ timeout: 400, attempts: 9 })).toEqual([]);
  expect(type.settings).toMatchObject({ timeout: 400, attempts: 9 });
  expect(publishedType(type, 'jobs')).toMatchObject({
    settings: { timeout: 400, attempts: 9 },
    defaults: { timeout: 500, attempts: 3 },
  });
});

it('is published with JSON Schemas of what producers write and what it gives', () => {
  const published = publishedType(
    typeOf({
      payload: z.object({ to: z.email(), times: z.number().default(1) }),
      result: z.object({ sent: z.number() }),
      schedule: { cron: '0 7 * * 1-5', timeZone: 'Europe/Berlin', payload: { to: 'ada@example.org' } },
    }),
    'jobs',
  );
  expect(published).toMatchObject({
    queue: 'jobs',
    payload: { required: ['to'], properties: { times: { default: 1 } } },
    result: { required: ['sent'] },
    schedule: { cron: '0 7 * * 1-5', timeZone: 'Europe/Berlin', overlap: 'skip' },
  });
  expect(JSON.parse(JSON.stringify(published))).toEqual(published);
});

it('is published without patterns that JSON Schema could not repeat', () => {
  const name = z
    .string()
    .regex(/^[a-z]+$/i)
    .refine((text) => text !== 'no');
  const { payload } = publishedType(
    typeOf({ payload: z.object({ name, code: z.string().regex(/^\d+$/u) }) }),
    'jobs',
  );
  expect(payload?.['properties']).toEqual({
    name: { type: 'string' },
    code: { type: 'string', pattern: '^\\d+$' },
  });
});

it.each(['1.2.0', '2.0.0-beta.1', '1.0.0+build.7'])('version %s is one of semver', (version) => {
  const { version: kept } = new JobType({ type: 'test', version }, { run: () => undefined }, TYPE_DEFAULTS);
  expect(kept).toBe(version);
});
