import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PriorityName, TaskSchedule, TaskStatus } from '#libs/contracts';

/** A saved, named definition of a job. */
@Entity('tasks')
export class Task {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'int' })
  version!: number;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  description!: string;

  @Column({ type: 'text' })
  type!: string;

  /** JSON, as text: the database would change numbers and refuse some characters. */
  @Column({ type: 'text' })
  payload!: string;

  @Column({ type: 'text', nullable: true })
  priority!: PriorityName | null;

  @Column({ type: 'int', nullable: true })
  attempts!: number | null;

  /** Milliseconds. */
  @Column({ type: 'double precision', name: 'delay_ms' })
  delay!: number;

  /** Milliseconds. */
  @Column({ type: 'double precision', name: 'timeout_ms', nullable: true })
  timeout!: number | null;

  /** Null = where jobs of the type go. */
  @Column({ type: 'text', nullable: true })
  queue!: string | null;

  @Column({ type: 'jsonb', nullable: true })
  schedule!: TaskSchedule | null;

  /** Queue in which its scheduler is; null = it has none. */
  @Column({ type: 'text', name: 'scheduled_in', nullable: true })
  scheduledIn!: string | null;

  @Column({ type: 'boolean' })
  paused!: boolean;

  @Column({ type: 'text' })
  creator!: string;

  /** Fingerprint of the request with an idempotency key that saved it; null = there was no key. */
  @Column({ type: 'text', nullable: true })
  request!: string | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3 })
  updatedAt!: Date;

  @Column({ type: 'text', name: 'last_job_id', nullable: true })
  lastJobId!: string | null;

  @Column({ type: 'text', name: 'last_job_queue', nullable: true })
  lastJobQueue!: string | null;

  @Column({ type: 'timestamptz', name: 'last_job_at', precision: 3, nullable: true })
  lastJobAt!: Date | null;

  /** What its last job was at when somebody last looked. */
  @Column({ type: 'text', name: 'last_status', nullable: true })
  lastStatus!: TaskStatus | null;
}

/** A start of a task by a person or a program. */
@Entity('task_runs')
export class TaskStart {
  @PrimaryColumn({ type: 'uuid', name: 'task_id' })
  taskId!: string;

  @PrimaryColumn({ type: 'text' })
  queue!: string;

  @PrimaryColumn({ type: 'text', name: 'job_id' })
  jobId!: string;

  @Column({ type: 'timestamptz', precision: 3 })
  at!: Date;

  @Column({ type: 'text', name: 'started_by' })
  startedBy!: string;
}
