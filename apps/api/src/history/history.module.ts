import { Module, type DynamicModule } from '@nestjs/common';
import type { Settings } from '#libs/contracts';
import { HistoryReader, StatisticsReader } from '#libs/history';
import { QueueService } from '#libs/queue';
import { Database } from '#libs/sql';
import type { ApiOptions } from '../api-options.js';
import { QueueName } from '../redis/queue-name.js';
import { queueOptions } from '../redis/queue-options.js';
import { HistoryController } from './history.controller.js';
import { HistoryJobs } from './history-jobs.js';
import { HistoryKeeper } from './history-keeper.js';
import { StatisticsController } from './statistics.controller.js';

/** The history: what writes it, and REST over it. */
@Module({})
export class HistoryModule {
  static forRoot(settings: Settings, { queueLogger }: ApiOptions): DynamicModule {
    return {
      module: HistoryModule,
      global: true,
      controllers: [HistoryController, StatisticsController],
      providers: [
        {
          provide: HistoryKeeper,
          inject: [QueueService, QueueName, Database],
          useFactory: (queue: QueueService, names: QueueName, database: Database) =>
            new HistoryKeeper(queue, names, database, {
              settings,
              queueOptions: queueOptions(settings, queueLogger),
            }),
        },
        {
          provide: HistoryReader,
          inject: [Database],
          useFactory: ({ dataSource }: Database) => new HistoryReader(dataSource),
        },
        {
          provide: StatisticsReader,
          inject: [Database],
          useFactory: ({ dataSource }: Database) => new StatisticsReader(dataSource),
        },
        HistoryJobs,
      ],
      exports: [HistoryKeeper, HistoryReader, HistoryJobs],
    };
  }
}
