import type { DatabasePart } from '#libs/sql';
import { AuditRow } from './audit-row.entity.js';
import { AddAuditWhat1795300000100, CreateAuditLog1780000000200 } from './audit.migrations.js';

/** What the audit log keeps in the database. */
export const AUDIT_PART: DatabasePart = {
  name: 'audit',
  entities: [AuditRow],
  migrations: [CreateAuditLog1780000000200, AddAuditWhat1795300000100],
};
