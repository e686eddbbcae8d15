import { BullModule } from '@nestjs/bullmq';
import { Global, Module, type DynamicModule, type Provider } from '@nestjs/common';
import { MissingQueueModuleError } from '../errors/index.js';
import type { QueueServiceOptions } from '../service/options.js';
import { QueueService } from '../service/queue-service.js';
import { NestStore, useDroverStore } from './nest-store.js';

/** Options of the module: those of {@link QueueService}. */
export type QueueModuleOptions = QueueServiceOptions;

export interface QueueModuleAsyncOptions {
  imports?: DynamicModule['imports'];
  inject?: Extract<Provider, { useFactory: unknown }>['inject'];
  useFactory: (...dependencies: never[]) => QueueModuleOptions | Promise<QueueModuleOptions>;
}

export const QUEUE_OPTIONS = Symbol('drover:queue-options');

/**
 * Wires {@link QueueService} and @nestjs/bullmq to one queue store, so that `@InjectQueue`, `@Processor`,
 * `@QueueEventsListener`, `@InjectFlowProducer` and `QueueService` work on the same jobs.
 *
 * Several applications in one process have a store each. What one creates by hand (`new Queue(...)` without a
 * backend factory) gets the store of the application that started last: hand it `createBackendFactory(options)`.
 */
@Global()
@Module({})
export class QueueModule {
  /** Provides {@link QueueService} everywhere, with fixed options. */
  static forRoot(options: QueueModuleOptions = {}): DynamicModule {
    return this.root({ provide: QUEUE_OPTIONS, useValue: options });
  }

  /** Provides {@link QueueService} everywhere, with options from other providers. The factory runs once. */
  static forRootAsync({ imports = [], inject = [], useFactory }: QueueModuleAsyncOptions): DynamicModule {
    const factory = useFactory as (...dependencies: unknown[]) => unknown;
    return this.root({ provide: QUEUE_OPTIONS, inject, useFactory: factory }, imports);
  }

  /**
   * Registers queues for `@InjectQueue(name)`.
   *
   * The application's start fails with {@link MissingQueueModuleError} when it has no `forRoot`. Queues with
   * options of their own are registered by `BullModule.registerQueue`.
   */
  static forFeature(...names: string[]): DynamicModule {
    const queues = BullModule.registerQueueAsync(
      ...names.map((name) => ({
        name,
        inject: [{ token: NestStore, optional: true }],
        useFactory: (store?: NestStore) => {
          if (!store) throw new MissingQueueModuleError(name);
          return store.bullOptions();
        },
      })),
    );
    return { module: QueueFeatureModule, imports: [queues], exports: [queues] };
  }

  private static root(options: Provider, imports: NonNullable<DynamicModule['imports']> = []): DynamicModule {
    useDroverStore();
    const createStore = (given: QueueModuleOptions) => new NestStore(given);
    const createService = (given: QueueModuleOptions) => new QueueService(given);
    // The same object in both places: Nest makes one module of it.
    const store: DynamicModule = {
      module: QueueStoreModule,
      global: true,
      imports,
      providers: [options, { provide: NestStore, inject: [QUEUE_OPTIONS], useFactory: createStore }],
      exports: [QUEUE_OPTIONS, NestStore],
    };
    const bull = BullModule.forRootAsync({
      imports: [store],
      inject: [NestStore],
      useFactory: (own: NestStore) => own.bullOptions(),
    });
    return {
      module: QueueModule,
      imports: [...imports, store, bull],
      providers: [{ provide: QueueService, inject: [QUEUE_OPTIONS], useFactory: createService }],
      exports: [QueueService],
    };
  }
}

@Module({})
class QueueStoreModule {}

@Module({})
class QueueFeatureModule {}
