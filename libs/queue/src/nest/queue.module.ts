import { BullModule } from '@nestjs/bullmq';
import { Global, Module, type DynamicModule, type Provider } from '@nestjs/common';
import { FlowProducer, Queue, setDefaultBackendFactory, Worker, type ConnectionOptions } from 'bullmq';
import { createBackendFactory } from '../backend/drover-backend.js';
import { resolveServiceOptions, type QueueServiceOptions } from '../service/options.js';
import { QueueService } from '../service/queue-service.js';

/** Options of the module: those of {@link QueueService}. */
export type QueueModuleOptions = QueueServiceOptions;

export interface QueueModuleAsyncOptions {
  imports?: DynamicModule['imports'];
  inject?: Extract<Provider, { useFactory: unknown }>['inject'];
  useFactory: (...dependencies: never[]) => QueueModuleOptions | Promise<QueueModuleOptions>;
}

export const QUEUE_OPTIONS = Symbol('drover:queue-options');

/** @nestjs/bullmq reads these classes when a queue is registered; the factory is process-wide in BullMQ. */
function useDroverStore(options: QueueModuleOptions = {}): void {
  setDefaultBackendFactory(createBackendFactory(options));
  BullModule.queueClass = Queue;
  BullModule.workerClass = Worker;
  BullModule.flowProducerClass = FlowProducer;
}

function bullOptions(options: QueueModuleOptions): { connection: ConnectionOptions; prefix: string } {
  const { connection, prefix } = resolveServiceOptions(options);
  return { connection, prefix };
}

/**
 * Wires {@link QueueService} and @nestjs/bullmq to one queue store, so that `@InjectQueue`, `@Processor` and
 * `QueueService` work on the same jobs.
 */
@Global()
@Module({})
export class QueueModule {
  /** Provides {@link QueueService} everywhere, with fixed options. */
  static forRoot(options: QueueModuleOptions = {}): DynamicModule {
    useDroverStore(options);
    return this.root(
      [{ provide: QUEUE_OPTIONS, useValue: options }],
      BullModule.forRoot(bullOptions(options)),
    );
  }

  /** Provides {@link QueueService} everywhere, with options from other providers. */
  static forRootAsync({ imports = [], inject = [], useFactory }: QueueModuleAsyncOptions): DynamicModule {
    useDroverStore();
    const factory = useFactory as (
      ...dependencies: unknown[]
    ) => QueueModuleOptions | Promise<QueueModuleOptions>;
    const bull = BullModule.forRootAsync({
      imports,
      inject,
      useFactory: async (...dependencies: unknown[]) => {
        const options = await factory(...dependencies);
        useDroverStore(options);
        return bullOptions(options);
      },
    });
    return this.root([{ provide: QUEUE_OPTIONS, inject, useFactory: factory }], bull, imports);
  }

  /** Registers queues for `@InjectQueue(name)` and `@Processor(name)`. */
  static forFeature(...names: string[]): DynamicModule {
    const queues = BullModule.registerQueue(...names.map((name) => ({ name })));
    return { module: QueueFeatureModule, imports: [queues], exports: [queues] };
  }

  private static root(
    options: Provider[],
    bull: DynamicModule,
    imports: NonNullable<DynamicModule['imports']> = [],
  ): DynamicModule {
    const service: Provider = {
      provide: QueueService,
      inject: [QUEUE_OPTIONS],
      useFactory: (given: QueueModuleOptions) => new QueueService(given),
    };
    return {
      module: QueueModule,
      imports: [...imports, bull],
      providers: [...options, service],
      exports: [QueueService],
    };
  }
}

@Module({})
class QueueFeatureModule {}
