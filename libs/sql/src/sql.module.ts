import { join } from 'node:path';
import { Inject, Logger, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Settings } from '#libs/contracts';
import { Database, type DatabasePart } from './database.js';
import { openDatabase } from './open-database.js';

/**
 * The database for a Nest application: {@link Database} and TypeORM's `DataSource` can be injected everywhere
 * (`TypeOrmModule.forFeature([...])` works too). It closes in `onApplicationShutdown`, when requests are
 * finished; what works on its own (a recorder, a timer) has to stop before, in `beforeApplicationShutdown`.
 */
@Module({})
export class SqlModule implements OnApplicationShutdown {
  /** @throws what {@link openDatabase} throws, when the application is created. */
  static forRoot(
    { DATABASE_URL, DATA_DIR }: Pick<Settings, 'DATABASE_URL' | 'DATA_DIR'>,
    parts: readonly DatabasePart[],
  ): DynamicModule {
    return {
      module: SqlModule,
      global: true,
      providers: [
        {
          provide: Database,
          useFactory: () => {
            const logger = new Logger('Database');
            const onTrouble = (text: string) => logger.error(text);
            return openDatabase({ url: DATABASE_URL, folder: join(DATA_DIR, 'sql'), parts, onTrouble });
          },
        },
        { provide: DataSource, inject: [Database], useFactory: ({ dataSource }: Database) => dataSource },
      ],
      exports: [Database, DataSource],
    };
  }

  constructor(@Inject(Database) private readonly database: Database) {}

  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}
