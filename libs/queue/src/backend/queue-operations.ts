import type { JobJson, JobsOptions, JobType, RepeatableOptions } from 'bullmq';
import { JobOperations } from './job-operations.js';

/** What BullMQ's interface says of a whole queue; `IQueueBackend` documents each operation. */
export abstract class QueueOperations extends JobOperations {
  // --- the whole queue ---

  retryFinishedJobs(
    state: 'failed' | 'completed' = 'failed',
    count = 1000,
    timestamp = Date.now(),
  ): Promise<number> {
    return this.maintenance.retryMany(state, count, timestamp);
  }
  promoteJobs(count = 1000): Promise<number> {
    return this.maintenance.promoteMany(count);
  }
  pause(pause: boolean): Promise<void> {
    return this.maintenance.pause(pause);
  }
  drain(delayed: boolean): Promise<void> {
    return this.maintenance.drain(delayed);
  }
  cleanJobsByState(state: string, timestamp: number, limit = 0): Promise<string[]> {
    return this.maintenance.clean(state, timestamp, limit);
  }
  obliterate(opts: { force: boolean; count: number }): Promise<number> {
    return this.maintenance.obliterate(opts);
  }

  // --- queries ---

  getState(jobId: string) {
    return this.reading.state(jobId);
  }
  isFinished(jobId: string, returnValue = false): Promise<number | [number, string]> {
    return this.reading.isFinished(jobId, returnValue);
  }
  isJobInState(state: string, jobId: string): Promise<boolean> {
    return this.reading.isInState(state, jobId);
  }
  getJobData(jobId: string): Promise<JobJson | undefined> {
    return this.reading.jobJson(jobId);
  }
  getJobLogs(jobId: string, start: number, end: number, asc: boolean) {
    return this.reading.logs(jobId, start, end, asc);
  }
  async getCounts(types: JobType[], delayedTimestamp?: number): Promise<number[]> {
    if (delayedTimestamp !== undefined) return [await this.reading.delayedBefore(delayedTimestamp)];
    return this.reading.counts(types);
  }
  getCountsPerPriority(priorities: number[]): Promise<number[]> {
    return this.reading.countsPerPriority(priorities);
  }
  getRanges(types: JobType[], start = 0, end = 1, asc = false): Promise<[string][]> {
    return this.reading.ranges(types, start, end, asc) as unknown as Promise<[string][]>;
  }
  getClientList(): Promise<string[]> {
    return this.metadata.clientLists();
  }

  // --- metadata and events ---

  setQueueMeta(values: Record<string, string | number>): Promise<number> {
    return this.metadata.set(values);
  }
  async getQueueMetaField(field: string): Promise<string | null> {
    return (await this.metadata.get([field]))[0] ?? null;
  }
  getQueueMetaFields(fields: string[]): Promise<(string | null)[]> {
    return this.metadata.get(fields);
  }
  getQueueMeta(): Promise<Record<string, string>> {
    return this.metadata.all();
  }
  removeQueueMetaFields(fields: string[]): Promise<number> {
    return this.metadata.unset(fields);
  }
  hasQueueMetaField(field: string): Promise<boolean> {
    return this.metadata.has(field);
  }
  trimEvents(maxLength: number): Promise<number> {
    return this.metadata.trimEvents(maxLength);
  }
  publishEvent(fields: Record<string, string | number>, maxEvents: number): Promise<string> {
    return this.metadata.publishEvent(fields, maxEvents);
  }
  readEvents(id: string, blockTimeout: number) {
    return this.metadata.readEvents(id, blockTimeout);
  }

  // --- limits, metrics, what is left over ---

  setRateLimit(expireTimeMs: number): Promise<void> {
    return this.limits.close(expireTimeMs);
  }
  getRateLimitTtl(maxJobs?: number): Promise<number> {
    return this.limits.timeToLive(maxJobs);
  }
  removeRateLimitKey(): Promise<number> {
    return this.limits.open();
  }
  isMaxed(): Promise<boolean> {
    return this.limits.isMaxed();
  }
  getMetrics(type: 'completed' | 'failed', start = 0, end = -1) {
    // Where no job has ended the sums are null, which BullMQ reads as 0 and its types do not say.
    return this.metrics.get(type, start, end) as Promise<[string[], string[], number]>;
  }
  removeOrphanedJobs(count = 1000, limit = 0): Promise<number> {
    return this.orphans.remove(count, limit);
  }
  /** A key of BullMQ's own store, which this one never had. */
  removeDeprecatedPriorityKey(): Promise<number> {
    return Promise.resolve(0);
  }

  // --- job schedulers ---

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
