import { Module, type DynamicModule } from '@nestjs/common';
import type { Settings } from '#libs/contracts';
import { QueueModule, Reconciler } from '#libs/queue';
import type { ApiOptions } from '../api-options.js';
import { QueueKeeper } from './queue-keeper.js';
import { QueueName } from './queue-name.js';
import { queueOptions } from './queue-options.js';
import { DEFAULT_DEADLINES, RedisDeadlines, RedisGuard } from './redis-guard.js';

/** The queue, the guard before it, and what keeps it in order. */
@Module({})
export class RedisModule {
  static forRoot(settings: Settings, { deadlines, queueLogger }: ApiOptions): DynamicModule {
    const options = queueOptions(settings, queueLogger);
    const queue = QueueModule.forRoot(options);
    const { QUEUE_PREFIX: prefix, QUEUE_NAME: name, MORE_QUEUES } = settings;
    const all = [...new Set([name, ...MORE_QUEUES])];
    const createReconciler = (queueName: string) =>
      new Reconciler({
        ...options,
        queue: queueName,
        intervalSeconds: settings.RECONCILE_SECONDS,
        maxStalls: settings.WORKER_MAX_STALLS,
        watch: true,
        // The queue's own connection says it.
        logOutages: false,
      });
    return {
      module: RedisModule,
      global: true,
      imports: [queue],
      providers: [
        RedisGuard,
        { provide: QueueKeeper, useFactory: () => new QueueKeeper(all.map(createReconciler)) },
        { provide: RedisDeadlines, useValue: deadlines ?? DEFAULT_DEADLINES },
        { provide: QueueName, useValue: { prefix, name, all } satisfies QueueName },
      ],
      exports: [queue, RedisGuard, QueueName],
    };
  }
}
