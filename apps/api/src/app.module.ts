import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import type { Settings } from '#libs/contracts';
import { SqlModule } from '#libs/sql';
import { AccessModule } from './access/access.module.js';
import type { ApiOptions } from './api-options.js';
import { AuditModule } from './audit/audit.module.js';
import { BatchTargets } from './batches/batch-targets.js';
import { BatchesController } from './batches/batches.controller.js';
import { DATABASE_PARTS } from './database-parts.js';
import { DeadLettersController } from './dead-letters/dead-letters.controller.js';
import { HealthController } from './health/health.controller.js';
import { HistoryJobs } from './history/history-jobs.js';
import { HistoryModule } from './history/history.module.js';
import { ArtifactFiles } from './jobs/artifact-files.js';
import { BulkJobsController } from './jobs/bulk-jobs.controller.js';
import { CreateMany } from './jobs/create-many.js';
import { JobDetailsController } from './jobs/job-details.controller.js';
import { FinishedJobs, JobReader } from './jobs/job-reader.js';
import { JobTargets } from './jobs/job-targets.js';
import { JobsController } from './jobs/jobs.controller.js';
import { RemovedArtifacts } from './jobs/removed-artifacts.js';
import { OPERATIONS } from './operations.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { ValidationPipe } from './problems/validation.pipe.js';
import { TASK_PROVIDERS } from './tasks/task-providers.js';
import { TasksController } from './tasks/tasks.controller.js';
import { TypeDirectory } from './types/type-directory.js';
import { TypesController } from './types/types.controller.js';
import { RedisModule } from './redis/redis.module.js';

/** The API: controllers, and what holds for all of them. */
@Module({})
export class AppModule {
  static forRoot(settings: Settings, options: ApiOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        SqlModule.forRoot(settings, DATABASE_PARTS),
        RedisModule.forRoot(settings, options),
        AccessModule.forRoot(settings),
        AuditModule.forRoot(settings),
        HistoryModule.forRoot(settings, options),
      ],
      controllers: [
        JobsController,
        BulkJobsController,
        JobDetailsController,
        BatchesController,
        TasksController,
        DeadLettersController,
        TypesController,
        HealthController,
        ...OPERATIONS.controllers,
      ],
      providers: [
        TypeDirectory,
        ...OPERATIONS.providers,
        { provide: RemovedArtifacts, useFactory: () => new RemovedArtifacts(settings) },
        { provide: ArtifactFiles, useFactory: () => new ArtifactFiles(settings) },
        { provide: FinishedJobs, useExisting: HistoryJobs },
        JobReader,
        JobTargets,
        CreateMany,
        BatchTargets,
        ...TASK_PROVIDERS,
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useClass: ValidationPipe },
      ],
    };
  }
}
