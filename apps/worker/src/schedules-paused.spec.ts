import { Module } from '@nestjs/common';
import { JobHandler, schedulerOf } from '#libs/jobs';
import { waitFor } from '../../../tests/support/wait.js';
import { WorkerStand } from './worker.testkit.js';

const ID = schedulerOf('test.hourly');

@JobHandler({ type: 'test.hourly', schedule: { cron: '0 * * * *' } })
class Hourly {
  run() {}
}
@Module({ providers: [Hourly] })
class HourlyPlugin {}

@JobHandler({ type: 'test.hourly', schedule: { cron: '30 * * * *' }, version: '2.0.0' })
class HalfPast {
  run() {}
}
@Module({ providers: [HalfPast] })
class HalfPastPlugin {}

describe("A type's schedule that was paused", () => {
  const stand = new WorkerStand();
  const { schedulers, scheduleKeeper } = stand.queue.backend;
  afterAll(() => stand.close());

  const find = async () => {
    const [flat, time] = await schedulers.find(ID);
    return flat && { pattern: flat[flat.indexOf('pattern') + 1], isPaused: time === 'inf' };
  };
  const delayed = async () => (await stand.queue.jobs.stats()).byState.delayed;

  it('stays paused when workers stop and start, also with another schedule', async () => {
    const worker = await stand.start([HourlyPlugin]);
    await waitFor(async () => (await find()) !== null);
    expect(await schedulers.pause(ID)).toBe(0);
    expect(await delayed()).toBe(0);
    await stand.stop(worker);
    const next = await stand.start([HalfPastPlugin]);
    await waitFor(async () => (await find())?.pattern === '30 * * * *');
    expect(await find()).toEqual({ pattern: '30 * * * *', isPaused: true });
    expect(await delayed()).toBe(0);
    await stand.stop(next);
  });

  it('stays paused when the type is switched off and on, and goes on when it is resumed', async () => {
    await stand.start([HalfPastPlugin]);
    const isOn = async () =>
      (await stand.catalog.list()).find(({ type }) => type === 'test.hourly')?.settings.enabled;
    await waitFor(isOn);
    await stand.catalog.override('test.hourly', { enabled: false });
    await waitFor(async () => (await isOn()) === false);
    await stand.catalog.override('test.hourly', undefined);
    await waitFor(isOn);
    expect(await find()).toMatchObject({ isPaused: true });
    expect(await scheduleKeeper.resume(ID)).toBe(true);
    expect(await find()).toMatchObject({ isPaused: false });
    expect(await delayed()).toBe(1);
    // What is not paused is not kept for a type that is off.
    await stand.catalog.override('test.hourly', { enabled: false });
    await waitFor(async () => (await find()) === null);
  });
});
