import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Reconciler } from '#libs/queue';

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

  onApplicationShutdown(): Promise<void> {
    return this.reconciler.close();
  }
}
