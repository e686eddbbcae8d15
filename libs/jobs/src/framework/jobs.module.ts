import { type DynamicModule, Logger, Module } from '@nestjs/common';
import { DiscoveryModule, ModuleRef } from '@nestjs/core';
import { TYPE_DEFAULTS } from '#libs/contracts';
import { HandlerExplorer } from './discovery/explorer.js';
import { HandlerRegistry } from './discovery/registry.js';
import { Requirements } from './discovery/requirements.js';
import type { JobRunnerOptions } from './run/options.js';
import type { RunnerPorts } from './run/ports.js';
import { ENVIRONMENT } from './discovery/environment-token.js';
import { JobRunner } from './run/runner.js';

/** Injection token of the {@link RunnerPorts} the runner uses. */
export const RUNNER_PORTS = Symbol('drover:runner-ports');

/** What the framework needs from the process it runs in. */
export interface JobsModuleOptions extends JobRunnerOptions {
  /** Module that exports a provider for {@link RUNNER_PORTS}. */
  imports?: DynamicModule['imports'];
  /** Milliseconds a run may take when neither job nor type says otherwise. Default: 300,000. */
  defaultTimeoutMs?: number;
  /** Where settings of types and required variables are looked up. Default: `process.env`. */
  environment?: Record<string, string | undefined>;
}

/** Handler discovery, the registry, and the runner. Import it once, beside the plugins' modules. */
@Module({})
export class JobsModule {
  static forRoot({
    imports = [],
    defaultTimeoutMs = TYPE_DEFAULTS.timeout,
    environment = process.env,
    ...runner
  }: JobsModuleOptions = {}): DynamicModule {
    return {
      module: JobsModule,
      imports: [DiscoveryModule, ...imports],
      providers: [
        {
          provide: HandlerRegistry,
          useValue: new HandlerRegistry({ ...TYPE_DEFAULTS, timeout: defaultTimeoutMs }),
        },
        {
          provide: Requirements,
          inject: [ModuleRef],
          useFactory: (modules: ModuleRef) => new Requirements(modules, environment),
        },
        { provide: ENVIRONMENT, useValue: environment },
        HandlerExplorer,
        {
          provide: JobRunner,
          inject: [HandlerRegistry, RUNNER_PORTS, Requirements],
          useFactory: (registry: HandlerRegistry, ports: RunnerPorts, requirements: Requirements) =>
            new JobRunner(
              registry,
              ports,
              (type) => requirements.servicesOf(type),
              new Logger('JobRunner'),
              runner,
            ),
        },
      ],
      exports: [HandlerRegistry, JobRunner],
    };
  }
}
