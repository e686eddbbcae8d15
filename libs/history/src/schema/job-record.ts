import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One job, as it was seen last. Times are those of Redis and of the processes that ran it. */
@Entity({ name: 'job_records', synchronize: false })
export class JobRecord {
  @PrimaryColumn('text') queue!: string;
  @PrimaryColumn('text') id!: string;
  /** Place in the event stream up to which it is known: ms since 1970 * 1,000,000 + number of the entry. */
  @Column('bigint') version!: string;
  /** Known from events only: Redis had forgotten the job before it could be read. */
  @Column('boolean') partial!: boolean;
  @Column('text', { nullable: true }) type!: string | null;
  @Column('text') status!: string;
  @Column('text') state!: string;
  @Column('int', { nullable: true }) priority!: number | null;
  @Column('jsonb', { nullable: true }) payload!: unknown;
  @Column('jsonb', { nullable: true }) result!: unknown;
  /** Which of `payload` and `result` are left out because they are too large, or cannot be kept. */
  @Column('text', { array: true }) omitted!: string[];
  @Column('jsonb', { nullable: true }) progress!: unknown;
  @Column('text', { nullable: true }) error!: string | null;
  @Column('text', { name: 'error_code', nullable: true }) errorCode!: string | null;
  @Column('text', { array: true, nullable: true }) stack!: string[] | null;
  @Column('int', { name: 'attempts_made', nullable: true }) attemptsMade!: number | null;
  @Column('int', { name: 'attempts_started', nullable: true }) attemptsStarted!: number | null;
  @Column('int', { name: 'attempts_max', nullable: true }) attemptsMax!: number | null;
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
  /** When it could start for the first time: creation, and its delay. */
  @Column('timestamptz', { name: 'ready_at', nullable: true }) readyAt!: Date | null;
  @Column('timestamptz', { name: 'first_started_at', nullable: true }) firstStartedAt!: Date | null;
  @Column('timestamptz', { name: 'started_at', nullable: true }) startedAt!: Date | null;
  @Column('timestamptz', { name: 'finished_at', nullable: true }) finishedAt!: Date | null;
  @Column('timestamptz', { name: 'removed_at', nullable: true }) removedAt!: Date | null;
  @Column('text', { nullable: true }) creator!: string | null;
  @Column('text', { array: true }) tags!: string[];
  @Column('text', { nullable: true }) batch!: string | null;
  @Column('text', { nullable: true }) worker!: string | null;
  /** `go` when a legacy service added or ran it. */
  @Column('text', { nullable: true }) language!: string | null;
  @Column('boolean', { nullable: true }) legacy!: boolean | null;
  /** Events by their ids in the stream: `[event, detail]`. */
  @Column('jsonb') timeline!: Record<string, [string, string?]>;
  @Column('timestamptz', { name: 'recorded_at' }) recordedAt!: Date;
}
