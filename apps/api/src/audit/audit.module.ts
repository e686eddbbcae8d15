import { Module, type DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Settings } from '#libs/contracts';
import { AuditController } from './audit.controller.js';
import { AuditLog } from './audit-log.js';
import { AuditReader } from './audit-reader.js';
import { AuditRetention } from './audit-retention.js';

/** The log of what was done, by whom. */
@Module({})
export class AuditModule {
  static forRoot({ AUDIT_RETENTION_DAYS }: Settings): DynamicModule {
    return {
      module: AuditModule,
      controllers: [AuditController],
      providers: [
        AuditLog,
        AuditReader,
        {
          provide: AuditRetention,
          inject: [DataSource],
          useFactory: (database: DataSource) => new AuditRetention(database, AUDIT_RETENTION_DAYS),
        },
      ],
    };
  }
}
