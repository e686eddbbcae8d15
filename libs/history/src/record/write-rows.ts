import type { DataSource } from 'typeorm';
import type { JobRow } from './job-row.js';

/** Columns and their types in what is sent; times as milliseconds since 1970. */
const COLUMNS = {
  type: 'text',
  status: 'text',
  state: 'text',
  priority: 'int',
  payload: 'jsonb',
  result: 'jsonb',
  omitted: 'text[]',
  progress: 'jsonb',
  error: 'text',
  error_code: 'text',
  stack: 'text[]',
  attempts_made: 'int',
  attempts_started: 'int',
  attempts_max: 'int',
  ready_at: 'float8',
  started_at: 'float8',
  finished_at: 'float8',
  removed_at: 'float8',
  creator: 'text',
  tags: 'text[]',
  batch: 'text',
  worker: 'text',
  language: 'text',
  legacy: 'boolean',
} as const;
const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];

/** Bytes of rows that one statement writes, or a little more. */
const ENOUGH_BYTES = 2 * 1024 * 1024;
const MOST_ROWS = 500;
/** Bytes of a stored timeline to which no more is added. */
const MOST_TIMELINE = 16_384;

/** Classes of errors that a value causes: data exceptions, and limits of the program. */
const BAD_VALUE = /^(22|54)/;

const time = (name: string) => `to_timestamp(r.${name} / 1000.0)`;
const given = (name: keyof typeof COLUMNS): string => {
  if (COLUMNS[name] === 'float8') return time(name);
  if (name === 'omitted' || name === 'tags') return `coalesce(r.${name}, '{}')`;
  // Of a document without a payload the handler gets the whole.
  if (name === 'payload')
    return `coalesce(r.payload, CASE WHEN r.document ? 'payload' THEN r.document -> 'payload' ELSE r.document END)`;
  return `r.${name}`;
};

/**
 * The id was used again, for a job added later: nothing of the one before is kept. What client and server say of the time a job was
 * added may differ by a little; where both views have the job's own word for it, or the one before was removed, an `added` tells.
 */
const IS_ANOTHER = `(NOT excluded.partial AND excluded.created_at > j.created_at + interval '1 second'
  OR (j.removed_at IS NOT NULL OR NOT j.partial AND NOT excluded.partial AND excluded.created_at <> j.created_at)
    AND excluded.version > j.version AND jsonb_path_exists(excluded.timeline, '$.*[0] ? (@ == "added")'))`;

/** Where a job stands is not known from its removal alone. */
const SAYS_NOTHING = `excluded.partial AND excluded.state = 'unknown'`;
const standing: ReadonlySet<string> = new Set(['status', 'state']);

/** A later view of the job wins; one from events adds what it knows; an earlier one fills in what is not known. */
const merged = (name: string) => `${name} = CASE
  WHEN ${IS_ANOTHER} THEN excluded.${name}${standing.has(name) ? `\n  WHEN ${SAYS_NOTHING} THEN j.${name}` : ''}
  WHEN excluded.version < j.version AND NOT j.partial THEN j.${name}
  WHEN excluded.version < j.version THEN coalesce(j.${name}, excluded.${name})
  WHEN excluded.partial THEN coalesce(excluded.${name}, j.${name})
  ELSE excluded.${name} END`;

const UPSERT = `
INSERT INTO job_records AS j
  (queue, id, version, partial, created_at, first_started_at, timeline, ${NAMES.join(', ')})
SELECT r.queue, r.id, r.version, r.partial, ${time('created_at')}, ${time('started_at')}, r.timeline,
  ${NAMES.map(given).join(', ')}
FROM jsonb_to_recordset($1::jsonb) AS r(queue text, id text, version bigint, partial boolean, created_at float8,
  timeline jsonb, document jsonb, ${NAMES.map((name) => `${name} ${COLUMNS[name]}`).join(', ')})
ORDER BY r.queue, r.id
ON CONFLICT (queue, id) DO UPDATE SET
  version = greatest(j.version, excluded.version),
  partial = CASE WHEN ${IS_ANOTHER} THEN excluded.partial WHEN excluded.version < j.version THEN j.partial AND excluded.partial
    ELSE excluded.partial AND j.partial END,
  created_at = CASE WHEN ${IS_ANOTHER} THEN excluded.created_at WHEN excluded.partial THEN j.created_at WHEN excluded.version < j.version THEN j.created_at
    ELSE excluded.created_at END,
  first_started_at = CASE WHEN ${IS_ANOTHER} THEN excluded.first_started_at
    ELSE least(j.first_started_at, excluded.first_started_at) END,
  timeline = CASE WHEN ${IS_ANOTHER} THEN excluded.timeline
    WHEN pg_column_size(j.timeline) > ${MOST_TIMELINE} THEN j.timeline
    ELSE j.timeline || excluded.timeline END,
  recorded_at = now(),
  ${NAMES.map(merged).join(',\n  ')}`;

/**
 * Writes jobs, each once; again and in any order gives the same. All of one statement are written or none; a job whose
 * payload or result the database cannot hold is written without them.
 *
 * @param rows of different jobs.
 * @param onRefused told of a job that cannot be written at all; the others are.
 * @throws what the driver throws, when the database is away.
 */
export async function writeRows(
  database: DataSource,
  rows: readonly JobRow[],
  onRefused: (id: string, error: unknown) => void,
): Promise<void> {
  for (const texts of inPieces(rows)) {
    try {
      await database.query(UPSERT, [`[${texts.map(({ text }) => text).join(',')}]`]);
    } catch (error) {
      if (!isBadValue(error)) throw error;
      for (const { row, text } of texts) await writeAlone(database, row, text, onRefused);
    }
  }
}

interface RowText {
  row: JobRow;
  text: string;
}

function* inPieces(rows: readonly JobRow[]): Generator<RowText[]> {
  let piece: RowText[] = [];
  let size = 0;
  for (const row of rows) {
    const text = textOf(row);
    piece.push({ row, text });
    size += text.length;
    if (size < ENOUGH_BYTES && piece.length < MOST_ROWS) continue;
    yield piece;
    piece = [];
    size = 0;
  }
  if (piece.length > 0) yield piece;
}

/** JSON of a row, with the job's own JSON in it as it is. */
function textOf({ values, json }: JobRow): string {
  const head = JSON.stringify(values).slice(0, -1);
  return `${head}${Object.entries(json)
    .map(([name, text]) => (text === undefined ? '' : `,"${name}":${text}`))
    .join('')}}`;
}

async function writeAlone(
  database: DataSource,
  row: JobRow,
  text: string,
  onRefused: (id: string, error: unknown) => void,
): Promise<void> {
  const bare = {
    values: { ...row.values, omitted: ['payload', 'result'], stack: undefined },
    json: { timeline: row.json.timeline },
  };
  for (const attempt of [text, textOf(bare)]) {
    try {
      return void (await database.query(UPSERT, [`[${attempt}]`]));
    } catch (error) {
      if (!isBadValue(error)) throw error;
      if (attempt !== text) onRefused(String(row.values['id']), error);
    }
  }
}

function isBadValue(error: unknown): boolean {
  const { code } = (error as { driverError?: { code?: unknown } }).driverError ?? {};
  return typeof code === 'string' && BAD_VALUE.test(code);
}
