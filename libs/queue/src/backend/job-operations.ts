import type {
  DependenciesOpts,
  JobJson,
  JobProgress,
  KeepJobs,
  MinimalJob,
  MoveToWaitingChildrenOpts,
  ParentKeyOpts,
  RetryOptions,
  WorkerOptions,
} from 'bullmq';
import type { FlowEntry } from './flows.js';
import type { BullEntry } from './new-job.js';
import type { KeepOption } from './keep-option.js';
import { StoreParts } from './store-parts.js';
import { toJson } from './validate.js';

type Target = boolean | number | KeepJobs;

/** Errors that repeat are answered more slowly, so that a worker does not spin. */
const SPIN_GUARD_MS = 1000;

/** What BullMQ's interface says of single jobs and flows; `IQueueBackend` documents each operation. */
export abstract class JobOperations extends StoreParts {
  // --- adding ---

  async addJob(job: JobJson, jobId: string, parentKeyOpts?: ParentKeyOpts): Promise<string> {
    const [id] = await this.adding.addBull([{ job, jobId, parentKeyOpts }]);
    return id as string;
  }

  addJobs(entries: BullEntry[]): Promise<string[]> {
    return this.adding.addBull(entries);
  }

  addFlow(entries: FlowEntry[]): Promise<[Error | null, string | number][]> {
    return this.flows.add(entries);
  }

  // --- running ---

  async moveToActive(token: string, name?: string) {
    try {
      return await this.running.claim(token, name);
    } catch (error) {
      if (!this.closing) await new Promise((resolve) => setTimeout(resolve, SPIN_GUARD_MS));
      throw error;
    }
  }

  moveToCompleted<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    value: R,
    keep: Target,
    token: string,
    fetchNext: boolean,
  ) {
    const result = value === undefined ? 'null' : toJson(value, `result of job ${job.id}`);
    return this.running.finish(job, 'completed', result, keep as KeepOption, token, fetchNext);
  }

  moveToFailed<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    reason: string,
    keep: Target,
    token: string,
    fetchNext: boolean,
    fields?: Record<string, unknown>,
  ) {
    return this.running.finish(job, 'failed', String(reason), keep as KeepOption, token, fetchNext, fields);
  }

  moveToDelayed(jobId: string, timestamp: number, delay: number, token = '0', opts = {}) {
    const wait = delay < 0 ? 0 : delay;
    return this.running.delay(jobId, timestamp + wait, wait, token, opts);
  }

  retryJob(
    jobId: string,
    lifo: boolean,
    token = '0',
    opts: { fieldsToUpdate?: Record<string, unknown> } = {},
  ) {
    return this.running.retry(jobId, lifo, token, opts.fieldsToUpdate);
  }

  moveJobFromActiveToWait(jobId: string, token = '0'): Promise<number> {
    return this.running.release(jobId, token);
  }

  async extendLock(jobId: string, token: string, duration: number): Promise<number> {
    return (await this.running.extend([jobId], [token], duration)).length === 0 ? 1 : 0;
  }

  extendLocks(jobIds: string[], tokens: string[], duration: number): Promise<string[]> {
    return this.running.extend(jobIds, tokens, duration);
  }

  /**
   * Also looks after what legacy services left, which every running worker does once an interval. That
   * is not waited for: the worker must hear at once which jobs it lost.
   */
  async moveStalledJobsToWait(): Promise<string[]> {
    const stalled = await this.running.recoverStalled();
    if (stalled) void this.lookAround();
    return stalled ?? [];
  }

  private async lookAround(): Promise<void> {
    const { maxStalledCount = 1 } = this.opts as WorkerOptions;
    try {
      await this.reconciling.pass({ maxStalls: maxStalledCount });
      await this.scheduleKeeper.goOn();
    } catch (error) {
      if (!this.closing) this.emit('error', error);
    }
  }

  // --- single jobs ---

  promote(jobId: string): Promise<void> {
    return this.editing.promote(jobId);
  }
  retryFinishedJob<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    state: 'failed' | 'completed',
    opts?: RetryOptions,
  ) {
    return this.editing.reprocess(job, state, opts);
  }
  updateData<T, R, N extends string>(job: MinimalJob<T, R, N>, data: T): Promise<void> {
    return this.editing.updateData(job, data);
  }
  updateProgress(jobId: string, progress: JobProgress): Promise<void> {
    return this.editing.updateProgress(jobId, progress);
  }
  addLog(jobId: string, row: string, keepLogs?: number): Promise<number> {
    return this.editing.addLog(jobId, row, keepLogs);
  }
  clearLogs(jobId: string, keepLogs?: number): Promise<void> {
    return this.editing.clearLogs(jobId, keepLogs);
  }
  changeDelay(jobId: string, delay: number): Promise<void> {
    return this.editing.changeDelay(jobId, delay);
  }
  changePriority(jobId: string, priority?: number, lifo?: boolean): Promise<void> {
    return this.editing.changePriority(jobId, priority, lifo);
  }
  remove(jobId: string, removeChildren: boolean): Promise<number> {
    return this.flows.remove(jobId, removeChildren);
  }

  // --- flows and deduplication ---

  moveToWaitingChildren(jobId: string, token: string, opts?: MoveToWaitingChildrenOpts): Promise<boolean> {
    this.running.letGo(jobId);
    return this.flows.waitForChildren(jobId, token, opts);
  }
  removeUnprocessedChildren(jobId: string): Promise<void> {
    return this.flows.removePendingChildren(jobId);
  }
  removeChildDependency(jobId: string, parentKey: string): Promise<boolean> {
    return this.flows.leaveParent(jobId, parentKey);
  }
  getDependencyCounts(jobId: string, types: string[]): Promise<number[]> {
    return this.flowQueries.counts(jobId, types);
  }
  getDependencies(jobId: string, opts?: DependenciesOpts) {
    return this.flowQueries.dependencies(jobId, opts);
  }
  getProcessedChildrenValues(jobId: string): Promise<Record<string, string>> {
    return this.flowQueries.processed(jobId);
  }
  getIgnoredChildrenFailures(jobId: string): Promise<Record<string, string>> {
    return this.flowQueries.ignored(jobId);
  }
  paginate(key: string, opts: { start: number; end: number; fetchJobs?: boolean }) {
    return this.flowQueries.paginate(key, opts);
  }
  removeDeduplicationKey(deduplicationId: string, jobId: string): Promise<number> {
    return this.deduplication.free(deduplicationId, jobId);
  }
  deleteDeduplicationKey(deduplicationId: string): Promise<number> {
    return this.deduplication.delete(deduplicationId);
  }
  getDeduplicationJobId(deduplicationId: string): Promise<string | null> {
    return this.deduplication.holder(deduplicationId);
  }
}
