import { HISTORY_PART } from '#libs/history';
import type { DatabasePart } from '#libs/sql';
import { ACCESS_PART } from './access/access.part.js';
import { AUDIT_PART } from './audit/audit.part.js';
import { TASK_PART } from './tasks/task.part.js';

/** What the API keeps in the database. */
export const DATABASE_PARTS: readonly DatabasePart[] = [ACCESS_PART, AUDIT_PART, HISTORY_PART, TASK_PART];
