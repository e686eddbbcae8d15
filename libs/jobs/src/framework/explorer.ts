import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { InvalidJobHandlerError } from './errors.js';
import { jobHandlerOptions, type JobHandler } from './job-handler.js';
import { HandlerRegistry } from './registry.js';

type Provider = ReturnType<DiscoveryService['getProviders']>[number];

/**
 * Finds every provider decorated with `@JobHandler` and registers it. Anything wrong with one stops
 * the start of the application, with a message that says what to change.
 */
@Injectable()
export class HandlerExplorer implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly registry: HandlerRegistry,
  ) {}

  onModuleInit(): void {
    const seen = new Set<object>();
    for (const provider of this.discovery.getProviders()) {
      const instance = provider.instance as JobHandler | null | undefined;
      if (typeof instance !== 'object' || instance === null || seen.has(instance)) continue;
      // An alias (useExisting) is the same object again, not a second handler.
      seen.add(instance);
      this.explore(provider, instance);
    }
  }

  private explore(provider: Provider, instance: JobHandler): void {
    const options = jobHandlerOptions(instance.constructor);
    if (!options) return;
    if (!provider.isDependencyTreeStatic() || provider.isTransient) {
      throw new InvalidJobHandlerError(
        instance.constructor.name,
        `("${options.type}") is not a singleton: remove its scope, or that of what it injects; one instance runs all jobs`,
      );
    }
    this.registry.register(options, instance);
  }
}
