import { EventEmitter } from 'node:events';
import type { JobsOptions, RepeatableOptions } from 'bullmq';
import type { Schedulers } from './schedulers.js';

/** The operations of BullMQ's interface on job schedulers, each handed to {@link Schedulers}. */
export abstract class SchedulingBackend extends EventEmitter {
  abstract readonly schedulers: Schedulers;

  addJobScheduler(
    schedulerId: string,
    nextMillis: number,
    templateData: string,
    templateOpts: JobsOptions,
    opts: RepeatableOptions,
    runOpts: JobsOptions,
  ): Promise<[string, number]> {
    const template = { data: templateData, opts: templateOpts };
    return this.schedulers.upsert(schedulerId, nextMillis, template, opts, runOpts);
  }
  updateJobSchedulerNextMillis(
    schedulerId: string,
    nextMillis: number,
    _templateData: string,
    runOpts: JobsOptions,
    producerId = '',
  ): Promise<string | null> {
    return this.schedulers.next(schedulerId, nextMillis, runOpts, producerId);
  }
  removeJobScheduler(schedulerId: string): Promise<number> {
    return this.schedulers.remove(schedulerId);
  }
  getJobScheduler(id: string): Promise<[string[] | null, string | null]> {
    return this.schedulers.find(id);
  }
  isJobScheduler(id: string): Promise<boolean> {
    return this.schedulers.exists(id);
  }
  getJobSchedulerData(id: string): Promise<Record<string, string>> {
    return this.schedulers.fields(id);
  }
  getJobSchedulersRange(start: number, end: number, asc: boolean): Promise<string[]> {
    return this.schedulers.range(start, end, asc);
  }
  getJobSchedulersCount(): Promise<number> {
    return this.schedulers.count();
  }
}
