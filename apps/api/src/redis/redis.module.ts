import { Module, type DynamicModule } from '@nestjs/common';
import { QueueRoutes, type Settings } from '#libs/contracts';
import { QueueKeys, QueueModule, QueueService, Reconciler, TypeCatalog, TypeQueues } from '#libs/queue';
import type { ApiOptions } from '../api-options.js';
import { JobStores } from './job-stores.js';
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
    const routes = new QueueRoutes(settings.QUEUE_ROUTES);
    const all = [...new Set([name, ...MORE_QUEUES, ...routes.queues])];
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
        { provide: QueueRoutes, useValue: routes },
        {
          provide: TypeQueues,
          inject: [QueueService],
          useFactory: (service: QueueService) => typeQueues(service, routes, prefix, all),
        },
        JobStores,
      ],
      exports: [queue, RedisGuard, QueueName, QueueRoutes, TypeQueues, JobStores],
    };
  }
}

/** @param all the queues that are looked after, the own one first. */
function typeQueues(
  { backend }: QueueService,
  routes: QueueRoutes,
  prefix: string,
  [own = '', ...others]: readonly string[],
): TypeQueues {
  const client = () => backend.client();
  return new TypeQueues({
    own,
    others,
    routes,
    list: (queue) => new TypeCatalog(client, new QueueKeys(prefix, queue)).list(),
  });
}
