import { type DynamicModule, Module } from '@nestjs/common';
import { ExamplePlugin, JobsModule, UNHANDLED_JOBS } from '#libs/jobs';
import { Cancellations } from './cancellations.js';
import { Consumer } from './consumer.js';
import { FatalErrors } from './fatal-errors.js';
import { HealthServer } from './health-server.js';
import { Heartbeat } from './heartbeat.js';
import { Lifecycle } from './lifecycle.js';
import { JobProcessor } from './processor.js';
import { RedisLink } from './redis-link.js';
import { RedisUnhandledJobs } from './unhandled-jobs.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';
import { WorkerState } from './worker-state.js';

/** The worker's connection to Redis and what is kept there. */
@Module({})
class RedisModule {
  static forWorker(identity: WorkerIdentity): DynamicModule {
    return {
      module: RedisModule,
      providers: [
        { provide: WORKER_IDENTITY, useValue: identity },
        FatalErrors,
        RedisLink,
        { provide: UNHANDLED_JOBS, useClass: RedisUnhandledJobs },
      ],
      exports: [WORKER_IDENTITY, FatalErrors, RedisLink, UNHANDLED_JOBS],
    };
  }
}

/** Everything a worker process consists of. A plugin is added to `imports`, and nowhere else. */
@Module({})
export class WorkerModule {
  static forRoot(identity: WorkerIdentity): DynamicModule {
    const redis = RedisModule.forWorker(identity);
    return {
      module: WorkerModule,
      imports: [
        redis,
        JobsModule.forRoot({
          imports: [redis],
          defaultTimeoutMs: identity.settings.JOB_TIMEOUT_SECONDS * 1000,
          graceMs: identity.settings.JOB_GRACE_SECONDS * 1000,
          giveUpMs: identity.settings.NO_HANDLER_SECONDS * 1000,
        }),
        ExamplePlugin,
      ],
      providers: [WorkerState, JobProcessor, Consumer, Cancellations, Heartbeat, HealthServer, Lifecycle],
    };
  }
}
