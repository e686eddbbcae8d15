import type { Worker } from 'bullmq';
import type { TypeMetricsView } from '#libs/contracts';
import { QueueKeys, TypeMetrics, type DroverBackend, type EndRules } from '#libs/queue';
import type { Stand } from './stand.js';

/** Counts, and keeps jobs as if there were no rules. */
export const COUNTED: EndRules = { counted: true, completedMs: null, failedMs: null, deadMs: null };

export const backendOf = (worker: unknown): DroverBackend =>
  (worker as { getBackend(): DroverBackend }).getBackend();

/** Lets a worker report as Drover's bundled one does. */
export function counting<W extends Worker<never, never, never, never> | object>(worker: W): W {
  backendOf(worker).endings.follow(() => COUNTED);
  return worker;
}

export const metricsOf = (stand: Stand) =>
  new TypeMetrics(async () => stand.redis, new QueueKeys(stand.prefix, stand.name));

/** What was counted of a type; all of it 0 where nothing was. */
export async function counted(stand: Stand, type: string): Promise<Partial<TypeMetricsView>> {
  return (await metricsOf(stand).read()).find((one) => one.type === type) ?? {};
}

/** Claims the next job, `id`, and lets its lease end: it goes back, or beyond `maxStalls` to the worker that fails it. */
export async function stall(stand: Stand, id: string, maxStalls: number): Promise<void> {
  await stand.claim();
  await stand.endLease(id);
  await stand.redis.del(stand.key('swept'));
  await stand.backend.scripts.run('recoverStalled', maxStalls, 1);
}
