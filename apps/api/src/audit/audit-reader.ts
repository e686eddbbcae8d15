import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { AuditEntryView, ListAuditQuery } from '#libs/contracts';
import { AuditRow } from './audit-row.entity.js';

/** Where a page begins: behind this row. */
export interface AuditPlace {
  readonly at: string;
  readonly id: string;
}

/** Reads the audit log. */
@Injectable()
export class AuditReader {
  constructor(private readonly database: DataSource) {}

  /** Rows that fit the filter, the newest first. */
  list(
    filter: Omit<ListAuditQuery, 'cursor' | 'limit'>,
    behind: AuditPlace | undefined,
    limit: number,
  ): Promise<AuditRow[]> {
    const query = this.database
      .getRepository(AuditRow)
      .createQueryBuilder('row')
      .orderBy('row.at', 'DESC')
      .addOrderBy('row.id', 'DESC')
      .take(limit);
    const { who, action, outcome, from, to } = filter;
    if (who !== undefined) query.andWhere('row.who = :who', { who });
    if (action !== undefined) query.andWhere('row.action = :action', { action });
    if (outcome !== undefined) query.andWhere('row.outcome = :outcome', { outcome });
    if (from !== undefined) query.andWhere('row.at >= :from', { from });
    if (to !== undefined) query.andWhere('row.at < :to', { to });
    if (behind) query.andWhere('(row.at, row.id) < (:at::timestamptz, :id::bigint)', { ...behind });
    return query.getMany();
  }
}

/** A row as it is shown. */
export function auditView({
  at,
  what,
  role,
  via,
  code,
  address,
  userAgent,
  ...row
}: AuditRow): AuditEntryView {
  return {
    ...row,
    at: at.toISOString(),
    ...(what !== null && { what }),
    ...(role !== null && { role }),
    ...(via !== null && { via }),
    ...(code !== null && { code }),
    ...(address !== null && { address }),
    ...(userAgent !== null && { userAgent }),
  };
}
