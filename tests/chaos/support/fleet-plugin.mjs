// A plugin that worker processes of tests load by DROVER_PLUGINS: four types with different limits, priorities and rates of
// failure. Plain JavaScript, so decorators are called as the functions they are.
import { setImmediate } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { Redis } from 'ioredis';
import { JobHandler, PermanentJobError } from '#libs/jobs';

const redis = new Redis(process.env.REDIS_URL);
const peaks = `${process.env.QUEUE_PREFIX}:fleet:`;

/** Notes how many runs of a type go on at once, over all workers: the highest number is the member's score. */
async function counted(type, work) {
  const now = await redis.incr(`${peaks}now:${type}`);
  await redis.zadd(`${peaks}peak`, 'GT', now, type);
  try {
    return await work();
  } finally {
    await redis.decr(`${peaks}now:${type}`);
  }
}

function handler(options, work) {
  const { type } = options;
  const Handler = class {
    run(payload, context) {
      return counted(type, () => work(payload, context));
    }
  };
  JobHandler(options)(Handler);
  return Handler;
}

const none = { base: 0 };

const Plain = handler({ type: 'fleet.plain', priority: 'low' }, ({ n }) => n);

const Limited = handler(
  { type: 'fleet.limited', priority: 'high', concurrency: { global: 3 } },
  async ({ n }) => {
    await setImmediate();
    return n;
  },
);

/** Every third job fails once, every ninth twice. */
const Flaky = handler(
  { type: 'fleet.flaky', concurrency: { perProcess: 2 }, backoff: none },
  ({ n }, { job }) => {
    const failures = n % 9 === 0 ? 2 : n % 3 === 0 ? 1 : 0;
    if (job.attempt <= failures) throw new Error(`attempt ${job.attempt} of ${n} fails`);
    return n;
  },
);

/** Every fifth job fails for good at once, every seventh of the others in all of its attempts. */
const Doomed = handler({ type: 'fleet.doomed', attempts: 2, backoff: none }, ({ n }) => {
  if (n % 5 === 0) throw new PermanentJobError(`${n} cannot be done`);
  if (n % 7 === 0) throw new Error(`${n} fails`);
  return n;
});

export class FleetPlugin {
  async onModuleDestroy() {
    await redis.quit();
  }
}
Module({ providers: [Plain, Limited, Flaky, Doomed] })(FleetPlugin);
