import { TYPE_DEFAULTS } from '#libs/contracts';
import type { JobHandlerOptions } from './job-options.js';
import { JobType } from './job-type.js';

const typeOf = (options: object) =>
  new JobType({ type: 'test', ...options } as JobHandlerOptions, { run: () => 1 }, TYPE_DEFAULTS);

describe('an unknown option is refused, naming the nearest that is known:', () => {
  it.each<[object, string, string]>([
    [{ timout: '5s' }, 'timout', 'timeout'],
    [{ Attempts: 2 }, 'Attempts', 'attempts'],
    [{ dependOn: ['x'] }, 'dependOn', 'dependsOn'],
    [{ deadletters: false }, 'deadletters', 'deadLetters'],
    [{ cron: '* * * * *' }, 'cron', 'schedule.cron'],
    [{ perProcess: 3 }, 'perProcess', 'concurrency.perProcess'],
    [{ maxWait: 3 }, 'maxWait', 'batch.maxWait'],
    [{ schedule: { cron: '* * * * *', timezone: 'UTC' } }, 'schedule.timezone', 'schedule.timeZone'],
    [{ batch: { size: 2, wait: 5 } }, 'batch.wait', 'batch.maxWait'],
    [{ backoff: { delay: 5 } }, 'backoff.delay', 'backoff.base'],
    [{ retries: 3 }, 'retries', 'attempts'],
    [{ tz: 'UTC' }, 'tz', 'schedule.timeZone'],
    [{ removeOnComplete: true }, 'removeOnComplete', 'retention.completed'],
    [{ concurrency: { process: 5 } }, 'concurrency.process', 'concurrency.perProcess'],
    [{ retention: { complete: 5000 } }, 'retention.complete', 'retention.completed'],
    [{ requires: { env: ['HOME'] } }, 'requires.env', 'requires.environment'],
    [{ examples: [{ title: 'x', payloads: {} }] }, 'examples.payloads', 'examples.payload'],
  ])('%j', (options, option, nearest) => {
    let refusal: unknown;
    try {
      typeOf(options);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ code: 'UNKNOWN_JOB_OPTION', option, nearest });
    expect((refusal as Error).message).toContain(`has an unknown option ${option}: did you mean `);
  });
});

it.each([{ undefinedOne: undefined }, { backoff: { colour: 1 } }])(
  'an unknown option is refused without a guess where nothing is near: %j',
  (options) => {
    expect(() => typeOf(options)).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_JOB_OPTION',
        nearest: undefined,
        message: expect.not.stringContaining('did you mean'),
      }),
    );
  },
);
