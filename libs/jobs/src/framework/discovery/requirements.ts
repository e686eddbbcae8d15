import type { InjectionToken } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { JobType } from '../handler/job-type.js';
import { nameOfToken } from '../handler/token.js';
import type { RequiredService } from '../run/steps/requirements.js';

/** What the types require of the process they run in. */
export class Requirements {
  private readonly services = new Map<string, readonly RequiredService[]>();

  constructor(
    private readonly modules: ModuleRef,
    private readonly environment: Record<string, string | undefined>,
  ) {}

  /** Looks for everything a type requires, and notes its services. @returns a line for each thing that is missing */
  missing(type: JobType): string[] {
    const found = type.services.map((token) => [token, this.find(token)] as const);
    this.services.set(
      type.type,
      found.map(([, service]) => service).filter((service) => isAskable(service)),
    );
    return [
      ...type.environment
        .filter((name) => !this.environment[name])
        .map(
          (name) =>
            `job type "${type.type}" requires the environment variable ${name}: set it, or disable the plugin`,
        ),
      ...found
        .filter(([, service]) => service === undefined)
        .map(
          ([token]) =>
            `job type "${type.type}" requires the service ${nameOfToken(token)}: import the module that provides and exports it`,
        ),
    ];
  }

  /** The required services of a type that can say whether they are ready. */
  servicesOf(type: string): readonly RequiredService[] {
    return this.services.get(type) ?? [];
  }

  private find(token: InjectionToken): unknown {
    try {
      return this.modules.get(token as string, { strict: false });
    } catch {
      return undefined;
    }
  }
}

function isAskable(service: unknown): service is RequiredService {
  return typeof (service as Partial<RequiredService> | undefined)?.isReady === 'function';
}
