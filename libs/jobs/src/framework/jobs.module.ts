import { type DynamicModule, Logger, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { HandlerExplorer } from './explorer.js';
import { HandlerRegistry } from './registry.js';
import { JobRunner, type JobRunnerOptions, type UnhandledJobs } from './runner.js';

/** Injection token of the {@link UnhandledJobs} the runner uses. */
export const UNHANDLED_JOBS = Symbol('drover:unhandled-jobs');

/** What the framework needs from the process it runs in. */
export interface JobsModuleOptions extends JobRunnerOptions {
  /** Module that exports a provider for {@link UNHANDLED_JOBS}. */
  imports?: DynamicModule['imports'];
}

/** Handler discovery, the registry, and the runner. Import it once, beside the plugins' modules. */
@Module({})
export class JobsModule {
  static forRoot({ imports = [], ...runner }: JobsModuleOptions = {}): DynamicModule {
    return {
      module: JobsModule,
      imports: [DiscoveryModule, ...imports],
      providers: [
        HandlerRegistry,
        HandlerExplorer,
        {
          provide: JobRunner,
          inject: [HandlerRegistry, UNHANDLED_JOBS],
          useFactory: (registry: HandlerRegistry, unhandled: UnhandledJobs) =>
            new JobRunner(registry, unhandled, new Logger('JobRunner'), runner),
        },
      ],
      exports: [HandlerRegistry, JobRunner],
    };
  }
}
