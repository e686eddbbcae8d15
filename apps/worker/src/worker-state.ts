import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { RunningJobs } from '#libs/jobs';

export type WorkerStatus = 'idle' | 'busy' | 'stopping';

/** What the worker is doing and has done since it started; heartbeat and health page show it. */
@Injectable()
export class WorkerState implements RunningJobs {
  /** This run of the worker: one that starts later with the same id is another. */
  readonly instance = randomUUID();
  succeeded = 0;
  failed = 0;
  private stopping = false;
  private draining = false;
  private readonly startedAt = performance.now();
  /** Types of the running jobs, by their ids. */
  private readonly jobs = new Map<string, string>();
  private listener: () => void = () => undefined;

  get status(): WorkerStatus {
    if (this.stopping) return 'stopping';
    return this.jobs.size > 0 ? 'busy' : 'idle';
  }

  /** Whether it claims no more, though it goes on to run. */
  get isDraining(): boolean {
    return this.draining;
  }

  /** Ids of the running jobs, longest running first. */
  get running(): string[] {
    return [...this.jobs.keys()];
  }

  /** How many jobs of each type run, those of which one does. */
  get runningByType(): Record<string, number> {
    const counts = new Map<string, number>();
    for (const type of this.jobs.values()) counts.set(type, (counts.get(type) ?? 0) + 1);
    return Object.fromEntries(counts);
  }

  get runningCount(): number {
    return this.jobs.size;
  }

  /** Runs that ended in success or failure; cancelled and handed-back ones are neither. */
  get processed(): number {
    return this.succeeded + this.failed;
  }

  get uptimeSeconds(): number {
    return Math.floor((performance.now() - this.startedAt) / 1000);
  }

  /** `listener` is told of every change of {@link status} and {@link isDraining}. */
  onStatusChange(listener: () => void): void {
    this.listener = listener;
  }

  /** Notes that a job runs. @returns false when an earlier run of the same job still occupies a slot. */
  begin(jobId: string, type: string): boolean {
    if (this.jobs.has(jobId)) return false;
    this.jobs.set(jobId, type);
    if (this.jobs.size === 1) this.listener();
    return true;
  }

  end(jobId: string): void {
    this.jobs.delete(jobId);
    if (this.jobs.size === 0) this.listener();
  }

  drain(draining: boolean): void {
    this.draining = draining;
    this.listener();
  }

  stop(): void {
    this.stopping = true;
    this.listener();
  }
}
