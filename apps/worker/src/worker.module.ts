import { type DynamicModule, Logger, Module } from '@nestjs/common';
import { ARTIFACT_STORE, artifactFolder, FolderArtifacts, type ArtifactStore } from '#libs/artifacts';
import {
  bundledPlugins,
  Children,
  HandlerRegistry,
  JobProcessor,
  JobRunner,
  JobsModule,
  OtherQueues,
  type PluginModule,
  QueueServices,
  RedisRunnerPorts,
  RUNNER_PORTS,
} from '#libs/jobs';
import { QueueKeys, TypeCatalog, TypeMetrics, TypeQueues } from '#libs/queue';
import { artifactsKept } from './artifact-retention.js';
import { ArtifactSweeper } from './artifact-sweeper.js';
import { Cancellations } from './cancellations.js';
import { Consumer } from './consumer.js';
import { Draining } from './draining.js';
import { ErrorLog } from './error-log.js';
import { FatalErrors } from './fatal-errors.js';
import { HealthServer } from './health-server.js';
import { Heartbeat } from './heartbeat.js';
import { Lifecycle } from './lifecycle.js';
import { MetricsPage } from './metrics-page.js';
import { RedisLink } from './redis-link.js';
import { RunningPublisher } from './running-publisher.js';
import { Schedules } from './schedules.js';
import { TypeRulesWriter } from './type-rules-writer.js';
import { TypePublisher } from './type-publisher.js';
import { children, typeQueues } from './type-queues.js';
import { TypeReports } from './type-reports.js';
import { TypeSettingsWatcher } from './type-settings-watcher.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';
import { WorkerState } from './worker-state.js';

/** The worker's connection to Redis and what is kept there. */
@Module({})
class RedisModule {
  static forWorker(identity: WorkerIdentity): DynamicModule {
    const { QUEUE_PREFIX, QUEUE_NAME } = identity.settings;
    const keys = new QueueKeys(QUEUE_PREFIX, QUEUE_NAME);
    return {
      module: RedisModule,
      providers: [
        { provide: WORKER_IDENTITY, useValue: identity },
        FatalErrors,
        RedisLink,
        { provide: QueueKeys, useValue: keys },
        {
          provide: TypeCatalog,
          inject: [RedisLink],
          useFactory: ({ client }: RedisLink) => new TypeCatalog(async () => client, keys),
        },
        {
          provide: TypeMetrics,
          inject: [RedisLink],
          useFactory: ({ client }: RedisLink) => new TypeMetrics(async () => client, keys),
        },
        {
          provide: TypeQueues,
          inject: [RedisLink],
          useFactory: ({ client }: RedisLink) => typeQueues(client, identity.settings),
        },
        {
          provide: RUNNER_PORTS,
          inject: [RedisLink, TypeQueues],
          useFactory: ({ client }: RedisLink, types: TypeQueues) =>
            new RedisRunnerPorts(client, QUEUE_PREFIX, QUEUE_NAME, { types, workerId: identity.id }),
        },
      ],
      exports: [
        WORKER_IDENTITY,
        FatalErrors,
        RedisLink,
        QueueKeys,
        TypeCatalog,
        TypeMetrics,
        TypeQueues,
        RUNNER_PORTS,
      ],
    };
  }
}

/** Everything a worker process consists of: bundled plugins are listed in libs/jobs/src/plugins/bundled.ts, `plugins` are others. */
@Module({})
export class WorkerModule {
  static forRoot(identity: WorkerIdentity, plugins: readonly PluginModule[] = []): DynamicModule {
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
        ...bundledPlugins(identity.settings.DROVER_BUNDLED_PLUGINS),
        ...plugins,
      ],
      providers: [
        WorkerState,
        {
          provide: FolderArtifacts,
          useFactory: () =>
            new FolderArtifacts(artifactFolder(identity.settings.DATA_DIR, identity.settings.QUEUE_NAME)),
        },
        { provide: ARTIFACT_STORE, useExisting: FolderArtifacts },
        {
          provide: ArtifactSweeper,
          inject: [FolderArtifacts, HandlerRegistry, RedisLink, TypeCatalog],
          useFactory: (store: FolderArtifacts, ...types: [HandlerRegistry, RedisLink, TypeCatalog]) =>
            new ArtifactSweeper(store, () => artifactsKept(identity.settings, ...types)),
        },
        { provide: OtherQueues, useFactory: () => otherQueues(identity) },
        { provide: Children, inject: [HandlerRegistry, TypeQueues, OtherQueues], useFactory: children },
        {
          provide: QueueServices,
          inject: [ARTIFACT_STORE, Children],
          useFactory: (artifacts: ArtifactStore, own: Children) => new QueueServices(artifacts, own),
        },
        {
          provide: JobProcessor,
          inject: [JobRunner, HandlerRegistry, WorkerState, QueueServices, TypeQueues],
          useFactory: (
            runner: JobRunner,
            registry: HandlerRegistry,
            state: WorkerState,
            services: QueueServices,
            types: TypeQueues,
          ) => new JobProcessor(runner, registry, state, services, types),
        },
        Consumer,
        Cancellations,
        Draining,
        Heartbeat,
        RunningPublisher,
        TypePublisher,
        TypeReports,
        MetricsPage,
        TypeRulesWriter,
        TypeSettingsWatcher,
        Schedules,
        HealthServer,
        Lifecycle,
      ],
    };
  }
}

function otherQueues({ settings }: WorkerIdentity): OtherQueues {
  const errors = new ErrorLog(new Logger('Queues'));
  return new OtherQueues(settings.REDIS_URL, settings.QUEUE_PREFIX, (error) => errors.report(error));
}
