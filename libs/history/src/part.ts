import type { DatabasePart } from '#libs/sql';
import { HistoryGap, HistoryPosition } from './schema/history-gap.js';
import { JobRecord } from './schema/job-record.js';
import { History1795300000000 } from './schema/migration.js';

/** What the history keeps in the database. */
export const HISTORY_PART: DatabasePart = {
  name: 'history',
  entities: [JobRecord, HistoryGap, HistoryPosition],
  migrations: [History1795300000000],
};
