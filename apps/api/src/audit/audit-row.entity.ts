import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AuditOutcome } from '#libs/contracts';

/** One row of the audit log: never a payload, never a secret. */
@Entity('audit_log')
export class AuditRow {
  /** A number, as text: it may be beyond 2^53. */
  @PrimaryColumn({ type: 'bigint', generated: 'identity' })
  id!: string;

  @Column({ type: 'timestamptz', precision: 3 })
  at!: Date;

  @Column({ type: 'text' })
  who!: string;

  @Column({ type: 'text', nullable: true })
  role!: string | null;

  @Column({ type: 'text', nullable: true })
  via!: string | null;

  @Column({ type: 'text' })
  action!: string;

  @Column({ type: 'text' })
  method!: string;

  @Column({ type: 'text' })
  path!: string;

  @Column({ type: 'jsonb' })
  target!: Record<string, string>;

  /** What was asked for, as far as it may be told. */
  @Column({ type: 'jsonb', nullable: true })
  what!: Record<string, unknown> | null;

  @Column({ type: 'text' })
  outcome!: AuditOutcome;

  @Column({ type: 'smallint' })
  status!: number;

  @Column({ type: 'text', nullable: true })
  code!: string | null;

  @Column({ type: 'text', nullable: true })
  address!: string | null;

  @Column({ type: 'text', name: 'user_agent', nullable: true })
  userAgent!: string | null;

  @Column({ type: 'text', name: 'request_id' })
  requestId!: string;
}

/** A row that has no number yet. */
export type NewAuditRow = Omit<AuditRow, 'id'>;
