import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A stretch of a queue's event stream that the recorder did not see, and what was done about it. */
@Entity({ name: 'history_gaps', synchronize: false })
export class HistoryGap {
  @PrimaryGeneratedColumn({ type: 'bigint' }) id!: string;
  @Column('text') queue!: string;
  /** `first start`, `trimmed`, `stream lost` or `went back`. */
  @Column('text') reason!: string;
  /** Last entry that was seen before. */
  @Column('text', { name: 'from_id', nullable: true }) fromId!: string | null;
  /** Last entry of the stream when it was noticed. */
  @Column('text', { name: 'to_id', nullable: true }) toId!: string | null;
  /** Events that are missing; null = nobody knows. */
  @Column('bigint', { nullable: true }) lost!: string | null;
  /** Jobs read from Redis to fill it. */
  @Column('int') filled!: number;
  @Column('timestamptz', { name: 'noticed_at' }) noticedAt!: Date;
  @Column('timestamptz', { name: 'filled_at', nullable: true }) filledAt!: Date | null;
  /** Until when somebody works on it. */
  @Column('timestamptz', { name: 'lease_until', nullable: true }) leaseUntil!: Date | null;
}

/** How far the recorder has come in a queue's event stream. */
@Entity({ name: 'history_positions', synchronize: false })
export class HistoryPosition {
  @Column('text', { primary: true }) queue!: string;
  @Column('text', { name: 'last_id' }) lastId!: string;
}
