import type { Worker } from 'bullmq';
import type { TypeMetricsView } from '#libs/contracts';
import { TypeMetrics, type DroverBackend } from '#libs/queue';
import type { Stand } from './stand.js';

export const backendOf = (worker: unknown): DroverBackend =>
  (worker as { getBackend(): DroverBackend }).getBackend();

/** Lets a worker report as Drover's bundled one does. */
export function counting<W extends Worker<never, never, never, never> | object>(worker: W): W {
  backendOf(worker).endings.follow(() => ({ counted: true }));
  return worker;
}

export const metricsOf = (stand: Stand) => new TypeMetrics(stand.redis, stand.prefix, stand.name);

/** What was counted of a type; all of it 0 where nothing was. */
export async function counted(stand: Stand, type: string): Promise<Partial<TypeMetricsView>> {
  return (await metricsOf(stand).read()).find((one) => one.type === type) ?? {};
}
