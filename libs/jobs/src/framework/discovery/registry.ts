import { Injectable } from '@nestjs/common';
import { TYPE_DEFAULTS, type TypeSettings } from '#libs/contracts';
import { DuplicateJobTypeError } from '../errors.js';
import type { BatchJobHandler, JobHandler } from '../handler/job-handler.js';
import type { JobHandlerOptions } from '../handler/job-options.js';
import { JobType } from '../handler/job-type.js';
import { nameOf } from '../handler/refusal.js';

/** The job types this process can run. Filled by discovery before the first job is claimed. */
@Injectable()
export class HandlerRegistry {
  private readonly byType = new Map<string, JobType>();

  /** @param defaults settings that hold where a handler does not say. */
  constructor(private readonly defaults: TypeSettings = TYPE_DEFAULTS) {}

  /**
   * Adds a handler.
   *
   * @throws {InvalidJobHandlerError} when it has no `run`, no usable type, or impossible options.
   * @throws {UnknownJobOptionError} for an option that means nothing.
   * @throws {DuplicateJobTypeError} when its type is taken.
   */
  register(options: JobHandlerOptions, handler: JobHandler | BatchJobHandler): JobType {
    const type = new JobType(options, handler as JobHandler, this.defaults);
    const taken = this.byType.get(type.type);
    if (taken) {
      const isSame = taken.handler.constructor === handler.constructor;
      throw new DuplicateJobTypeError(type.type, nameOf(taken.handler), nameOf(handler), isSame);
    }
    this.byType.set(type.type, type);
    return type;
  }

  /** The handler of a type; `undefined` when there is none here. */
  find(type: string): JobType | undefined {
    return this.byType.get(type);
  }

  /** Every type there is, in alphabetical order of their names. */
  all(): JobType[] {
    return this.types().map((type) => this.byType.get(type) as JobType);
  }

  /** Names of all types, in alphabetical order. */
  types(): string[] {
    return [...this.byType.keys()].sort();
  }
}
