import type { DroverBackend } from '#libs/queue';
import type { Queue, Worker } from 'bullmq';

/** A worker of BullMQ on Drover's store. */
export type JobQueue = Worker<unknown, unknown, string, DroverBackend>;

/** A queue of BullMQ on Drover's store. */
export type OtherQueue = Queue<unknown, unknown, string, unknown, unknown, string, DroverBackend>;

/** Opens other queues of the same prefix. */
export type OpenQueue = (name: string) => OtherQueue;

/** The store behind a worker or queue of BullMQ. */
export function backendOf(queue: JobQueue | OtherQueue): DroverBackend {
  return (queue as unknown as { getBackend(): DroverBackend }).getBackend();
}
