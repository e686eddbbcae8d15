export { HISTORY_PART } from './part.js';
export { exportRows } from './read/export.js';
export type { Filter, Place } from './read/filter.js';
export { HistoryReader, type RawItem, type RawPage } from './read/reader.js';
export { StatisticsReader } from './read/statistics.js';
export { GROUP, Recorder, type RecorderOptions } from './record/recorder.js';
export { Retention } from './retention.js';
export { HistoryGap } from './schema/history-gap.js';
export { JobRecord } from './schema/job-record.js';
