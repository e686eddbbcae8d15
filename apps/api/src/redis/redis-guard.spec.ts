import type { QueueService } from '#libs/queue';
import { RedisUnavailableError } from '../problems/api-errors.js';
import { RedisGuard } from './redis-guard.js';

const HEALTHY = { ok: true, redis: { version: '7.0.0', latencyMs: 1 }, warnings: [] };
const never = () => new Promise<never>(() => undefined);
const refused = () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));

function guardOver(health: () => Promise<unknown>) {
  const probe = jest.fn(health);
  const queue = { jobs: { health: probe } } as unknown as QueueService;
  return { guard: new RedisGuard(queue, { requestMs: 20, probeMs: 10 }), probe };
}

describe('RedisGuard', () => {
  it('gives the result of the work', async () => {
    const { guard } = guardOver(() => Promise.resolve(HEALTHY));
    expect(await guard.run(() => Promise.resolve(7), true)).toBe(7);
  });

  it('passes on an error that is not about Redis being away', async () => {
    const { guard } = guardOver(() => Promise.resolve(HEALTHY));
    await expect(guard.run(() => Promise.reject(new Error('mine')), true)).rejects.toThrow('mine');
  });

  it('says that the outcome is unknown when work that changes something is cut short', async () => {
    const { guard } = guardOver(() => Promise.resolve(HEALTHY));
    await expect(guard.run(never, true)).rejects.toThrow(/within 20 ms; the outcome is unknown/);
    await expect(guard.run(never, false)).rejects.toThrow(/within 20 ms$/);
    await expect(guard.run(refused, true)).rejects.toThrow(RedisUnavailableError);
  });

  it('gives long work the time it asks for, once Redis has answered', async () => {
    let health: () => Promise<unknown> = () => Promise.resolve(HEALTHY);
    const { guard } = guardOver(() => health());
    await guard.run(() => Promise.resolve(), true);
    await expect(guard.run(never, true, 40)).rejects.toThrow(/within 40 ms; the outcome is unknown/);
    health = never;
    const work = jest.fn(() => Promise.resolve());
    await expect(guard.run(work, true, 60_000)).rejects.toThrow(/within 10 ms; nothing was changed/);
    expect(work).not.toHaveBeenCalled();
  });

  it('starts no work before Redis has answered', async () => {
    const { guard } = guardOver(never);
    const work = jest.fn(() => Promise.resolve());
    await expect(guard.run(work, true)).rejects.toThrow(/nothing was changed/);
    expect(work).not.toHaveBeenCalled();
  });

  it('asks Redis only after trouble, and works again once it answers', async () => {
    let health: () => Promise<unknown> = () => Promise.resolve(HEALTHY);
    const { guard, probe } = guardOver(() => health());
    await guard.run(() => Promise.resolve(), true);
    await guard.run(() => Promise.resolve(), true);
    expect(probe).toHaveBeenCalledTimes(1);

    health = refused;
    await expect(guard.run(refused, true)).rejects.toThrow(RedisUnavailableError);
    await expect(guard.run(() => Promise.resolve('kept back'), true)).rejects.toThrow(RedisUnavailableError);

    health = () => Promise.resolve(HEALTHY);
    expect(await guard.run(() => Promise.resolve('done'), true)).toBe('done');
  });

  it('asks one question for all who wait', async () => {
    const { guard, probe } = guardOver(never);
    const all = await Promise.allSettled(Array.from({ length: 100 }, () => guard.probe()));
    expect(all.every(({ status }) => status === 'rejected')).toBe(true);
    expect(probe).toHaveBeenCalledTimes(1);
  });

  it('does not show what the client of Redis said', async () => {
    const { guard } = guardOver(() =>
      Promise.reject(new Error('Connection is closed. redis://:secret@host')),
    );
    const error: unknown = await guard.probe().catch((reason: unknown) => reason);
    expect(String(error)).not.toContain('secret');
  });
});
