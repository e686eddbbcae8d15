import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { InvalidJobHandlerError, MissingRequirementError } from '../errors.js';
import { isForeignHandler, jobHandlerOptions, type JobHandler } from '../handler/job-handler.js';
import { environmentOverrides } from '../settings/environment.js';
import { ENVIRONMENT } from './environment-token.js';
import { HandlerRegistry } from './registry.js';
import { Requirements } from './requirements.js';

type Provider = ReturnType<DiscoveryService['getProviders']>[number];

/**
 * Finds every provider decorated with `@JobHandler` and registers it, with what the environment says
 * of its settings. Anything wrong with one stops the start of the application, with a message that
 * says what to change.
 */
@Injectable()
export class HandlerExplorer implements OnModuleInit {
  private readonly logger = new Logger('Jobs');

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly registry: HandlerRegistry,
    private readonly requirements: Requirements,
    @Inject(ENVIRONMENT) private readonly environment: Record<string, string | undefined>,
  ) {}

  async onModuleInit(): Promise<void> {
    const seen = new Set<object>();
    for (const provider of this.discovery.getProviders()) {
      const instance = provider.instance as JobHandler | null | undefined;
      if (typeof instance !== 'object' || instance === null || seen.has(instance)) continue;
      // An alias (useExisting) is the same object again, not a second handler.
      seen.add(instance);
      this.explore(provider, instance);
    }
    const overrides = environmentOverrides(this.environment, this.registry.types());
    for (const [type, settings] of overrides) this.registry.find(type)?.overrideByEnvironment(settings);
    for (const type of this.registry.all()) await type.check();
    this.checkRequirements();
  }

  /** A type that is switched off may lack something; it cannot be enabled at run time then. */
  private checkRequirements(): void {
    const problems: string[] = [];
    for (const type of this.registry.all()) {
      const missing = this.requirements.missing(type);
      if (type.settings.enabled) problems.push(...missing);
      else type.bar(missing);
    }
    if (problems.length > 0) throw new MissingRequirementError(problems);
  }

  private explore(provider: Provider, instance: JobHandler): void {
    const options = jobHandlerOptions(instance.constructor);
    if (!options) return refuseForeign(instance);
    if (!provider.isDependencyTreeStatic() || provider.isTransient) {
      throw new InvalidJobHandlerError(
        instance.constructor.name,
        `("${options.type}") is not a singleton: remove its scope, or that of what it injects; one instance runs all jobs`,
      );
    }
    const { type, advice } = this.registry.register(options, instance);
    for (const line of advice) this.logger.warn(`job type "${type}": ${line}`);
  }
}

/** Left out without a word, its jobs would go round in search of a handler. */
function refuseForeign({ constructor }: JobHandler): void {
  if (!isForeignHandler(constructor)) return;
  throw new InvalidJobHandlerError(
    constructor.name,
    "is decorated by another copy of drover than this worker's: list drover in the peerDependencies of its package, and install it once",
  );
}
