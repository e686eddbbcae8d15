import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Reconciler } from '#libs/queue';
import { DeadlineExceeded, withDeadline } from './with-deadline.js';

/** A pass takes milliseconds; one that Redis does not answer never ends. */
const CLOSE_MS = 2000;

/**
 * Keeps the queues in order while the API runs, so that what Go services add is listed, counted and
 * safe from its TTL even when no worker is up. Workers do the same; each pass is made by one process.
 */
@Injectable()
export class QueueKeeper implements OnApplicationBootstrap, OnApplicationShutdown {
  /** @param reconcilers one for each queue. */
  constructor(private readonly reconcilers: readonly Reconciler[]) {}

  onApplicationBootstrap(): void {
    for (const reconciler of this.reconcilers) reconciler.start();
  }

  async onApplicationShutdown(): Promise<void> {
    const closed = Promise.all(this.reconcilers.map((reconciler) => reconciler.close()));
    await withDeadline(closed, CLOSE_MS).catch((error: unknown) => {
      if (!(error instanceof DeadlineExceeded)) throw error;
    });
  }
}
