import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Reconciler } from '#libs/queue';
import { DeadlineExceeded, withDeadline } from './with-deadline.js';

/** A pass takes milliseconds; one that Redis does not answer never ends. */
const CLOSE_MS = 2000;

/**
 * Keeps the queue in order while the API runs, so that what Go services add is listed, counted and
 * safe from its TTL even when no worker is up. Workers do the same; each pass is made by one process.
 */
@Injectable()
export class QueueKeeper implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly reconciler: Reconciler) {}

  onApplicationBootstrap(): void {
    this.reconciler.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await withDeadline(this.reconciler.close(), CLOSE_MS).catch((error: unknown) => {
      if (!(error instanceof DeadlineExceeded)) throw error;
    });
  }
}
